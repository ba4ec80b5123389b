/* SPDX-License-Identifier: MIT */
/* scratch.c - see scratch.h. */
#include "scratch.h"

#include "error.h"
#include "os.h"
#include "world.h"

static char *scratch;

HRESULT scratch_set(const char *folder)
{
    mem_free(TAKE(scratch));
    return folder ? os_real_path(folder, &scratch) : S_OK;
}

HRESULT scratch_check_room(uint64_t bytes)
{
    AUTO_FREE char *temp = NULL, *real = NULL;
    if (world_is_normal())
        return S_OK;
    if (scratch)
        return world_check_room(scratch, bytes);
    TRY(os_temp_directory(&temp));
    TRY(os_real_path(temp, &real));
    return world_check_room(real, bytes);
}
