module dismfake.invalid/client

go 1.19
