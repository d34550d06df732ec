/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the loader where it has found libmemkind. */
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

bool mk_library_find(const char *name, char ret_path[static PATH_MAX])
{
	static const char *const folders[] = {"", "../preload/"};
	void *library = dlopen("libmemkind.so.0", RTLD_LAZY | RTLD_NOLOAD);
	char folder[PATH_MAX], path[2 * PATH_MAX];
	bool has_folder = library != NULL && dlinfo(library, RTLD_DI_ORIGIN, folder) == 0;

	for (size_t i = 0; i < MK_ARRAY_SIZE(folders) && has_folder; i++) {
		snprintf(path, sizeof(path), "%s/%s%s", folder, folders[i], name);
		if (realpath(path, ret_path) != NULL && strpbrk(ret_path, ": ") == NULL)
			return true;
	}
	return false;
}
