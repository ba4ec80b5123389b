the runner copies it
