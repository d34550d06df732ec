/* SPDX-License-Identifier: BSD-2-Clause */
/* What memkind-ng offers beyond the old library. */
#ifndef MEMKIND_NG_H
#define MEMKIND_NG_H

#include <memkind.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All far nodes in order of their distance from the CPU, then the nodes of MEMKIND_REGULAR in that
 * order, and swap at last: nothing is swapped while any of these nodes has room. The nodes are those
 * of the DAX_KMEM kinds. A page comes when its block is allocated, or with an earlier one, up to 4
 * MiB ahead. Since 1.15.0.
 */
extern memkind_t MEMKIND_NG_DAX_KMEM_FIRST;

/* What a kind does when its nodes are full. */
enum memkind_ng_exhaustion {
	/* Grants memory as always: the kernel swaps pages of the nodes, or kills a process. */
	MEMKIND_NG_EXHAUSTION_SWAP = 1,
	/*
	 * Gives NULL, with ENOMEM. Pages come when blocks are allocated, up to 4 MiB ahead, and are
	 * seen to lie on the kind's nodes; none is swapped out for them, and nobody is killed. NULL
	 * may come while the nodes have up to 4 MiB left for each process that allocates there. A kind
	 * that interleaves goes on with its other nodes while one is full. What remains: a fork child
	 * that writes to blocks of its parent copies pages as the kernel sees fit; so does the limit
	 * of a memory cgroup; and where all other nodes of the machine are full as well, the kernel
	 * has to swap or kill for the pages that are on their way.
	 */
	MEMKIND_NG_EXHAUSTION_NULL = 2
};

/*
 * Tells a static kind, before its first block, what to do when its nodes are full. Without it the
 * environment variable MEMKIND_EXHAUSTION decides for all kinds that can: "swap", or "null".
 *
 * 0; MEMKIND_ERROR_INVALID: KIND is no kind, or EXHAUSTION not one of these;
 * MEMKIND_ERROR_OPERATION_FAILED: KIND has had a block already, or uses other nodes when its own are
 * full (DEFAULT, and those that prefer nodes), or gives NULL anyway (huge pages, files, areas). Since
 * 1.15.0.
 */
int memkind_ng_set_exhaustion(memkind_t kind, enum memkind_ng_exhaustion exhaustion);

/* The nodes a kind uses first, and what it does when they are full; 0 is MEMKIND_NG_POLICY_BIND. */
enum memkind_ng_policy {
	MEMKIND_NG_POLICY_BIND = 1,	 /* its nodes and no others; the nearest are filled first */
	MEMKIND_NG_POLICY_PREFERRED = 2, /* the closest of them, then any other node */
	MEMKIND_NG_POLICY_FAR_FIRST = 3, /* all by distance, then those of MEMKIND_REGULAR */
	MEMKIND_NG_POLICY_INTERLEAVE = 4, /* page by page on its nodes in turn */
	MEMKIND_NG_POLICY_WEIGHTED = 5	  /* stripe by stripe, as their weights say */
};

/* Which of its nodes serve a thread; 0: all, but the closest for MEMKIND_NG_POLICY_PREFERRED. */
enum memkind_ng_use {
	MEMKIND_NG_USE_ALL = 1,
	MEMKIND_NG_USE_CLOSEST = 2 /* to the CPU that a block is allocated on; all that are equal */
};

/* Its pages; 0: the kernel's own, huge where the system is set so. */
enum memkind_ng_pages {
	MEMKIND_NG_PAGES_BASE = 1, /* never huge */
	MEMKIND_NG_PAGES_HUGE = 2, /* huge where the kernel can, also where it waits to be asked */
	MEMKIND_NG_PAGES_2M = 3,   /* of the pools of 2 MiB, on nodes that have such */
	MEMKIND_NG_PAGES_1G = 4	   /* of 1 GiB */
};

/*
 * A kind by description. All bytes zero but size is a kind like MEMKIND_REGULAR on all nodes that the
 * process may use; a member that is 0 or NULL is not set.
 */
struct memkind_ng_spec {
	size_t size; /* sizeof(struct memkind_ng_spec), by which the library knows its members */
	/*
	 * A list of numbers such as "2,3" or "2-3"; or "dram": the nodes of MEMKIND_REGULAR; "kmem":
	 * those of dax devices on the kmem driver; "cxl": those of CXL memory; "hbm": those of
	 * MEMKIND_HBW_ALL; "far": those of MEMKIND_DAX_KMEM_ALL; or, as without it, "all": every node.
	 * Nodes that the process may not use, or that are not there, are left out; they may come.
	 */
	const char *nodes;
	enum memkind_ng_policy policy;
	enum memkind_ng_use use; /* of preferred: the closest; of far-first and weighted: all */
	enum memkind_ng_pages pages;
	enum memkind_ng_exhaustion exhaustion; /* NULL is for bind, interleave and weighted */
	/*
	 * Pages that no block has used for so many milliseconds go back to the system, 10000 if it is
	 * not set; -1: at once.
	 */
	int decay_ms;
	/*
	 * Bytes of pages that the kind may have at most, in whole pages: those with a block, and
	 * those kept for later ones. Before a block is refused for it, with NULL and ENOMEM, all that
	 * is idle is given back, but for small blocks that other threads keep. In huge pages that the
	 * kernel makes there may be more than was asked for; MEMKIND_NG_PAGES_BASE keeps them away.
	 * A block that memkind_ng_move() moved counts for the kind to which it was moved.
	 */
	size_t limit;
	/*
	 * Of policy weighted: as many numbers from 1 to 65535 as NODES lists, such as "4:1", where a
	 * node may stand more than once; or "auto": after the bandwidth of each, as
	 * MEMKIND_NODE_BANDWIDTHS says, such as "0:100000,2:25000" in MB/s, or else the firmware.
	 * Once what divides all is taken out they sum up to 1000 at most. Bytes of pages are in this
	 * ratio, of small blocks together and of any part of a large one, off by two stripes at most.
	 * Pages come with their blocks, or up to 4 MiB ahead, and are not moved afterwards. When a
	 * node is full the others go on by their weights. Where the kernel has these weights (Linux
	 * 6.9), STEP is not set and full nodes need not be NULL, it places pages as they are touched.
	 * Without mbind(2) the kind is not available.
	 */
	const char *weights;
	/*
	 * Of policy weighted: bytes of a stripe, a multiple of 64 KiB up to 1 GiB, and of 2 MiB with
	 * MEMKIND_NG_PAGES_HUGE. 0: 256 KiB, or 2 MiB with these. Stripes that are no multiple of
	 * 2 MiB have no huge pages.
	 */
	size_t step;
	/*
	 * The kind that is asked when this one has no memory, or is not available here; it can't be
	 * destroyed before this one. Such blocks are its blocks: memkind_detect_kind() tells, its limit
	 * counts them, and memkind_realloc() with this kind leaves them there where they fit. A kind that
	 * was just full may be passed over for up to 10 ms.
	 */
	memkind_t then;
};

/*
 * Makes a kind as SPEC describes it, which works with every function until memkind_destroy_kind()
 * ends it and all of its blocks. Whether the nodes are there, memkind_check_available() tells: of a
 * kind with another one behind it 0 where either is available.
 *
 * 0; MEMKIND_ERROR_INVALID: an argument is NULL, or a member has a value that is not allowed, does not go
 * with another one, or is not known to this library; MEMKIND_ERROR_TOOMANY: there are as many kinds as
 * there can be (MEMKIND_MAX_KIND); MEMKIND_ERROR_MALLOC: no memory for it. *KIND is untouched then.
 * Since 1.15.0.
 */
int memkind_ng_create(const struct memkind_ng_spec *spec, memkind_t *kind);

/*
 * The same from a text: "key=value", separated by ";", each at most once and in any order, but for
 * "then", which is the last and takes all that follows, a name or a description of its own:
 *
 *   nodes=dram;limit=10G;exhaustion=null;then=dax_kmem_all
 *
 *   nodes=       as above
 *   policy=      bind, preferred, far-first, interleave or weighted
 *   use=         all or closest
 *   pages=       base, huge, 2M or 1G
 *   exhaustion=  swap or null
 *   decay=       milliseconds, also 500ms or 10s; 0: at once
 *   limit=       bytes, also 512K, 64M, 10G or 1T
 *   weights=     as above
 *   step=        bytes, as for limit=
 *   then=        the kind that is asked next
 *
 * TEXT may be the name of a static kind as well, with or without memkind_, in any case: *KIND is that
 * kind then, and nothing is made. Kinds behind then= end with the first one.
 *
 * As memkind_ng_create(). Unless it is 0, ERROR gets what is wrong, the word and what is allowed in its place
 * or the reason, in at most SIZE bytes with the terminating zero; ERROR may be NULL where SIZE is 0.
 * Since 1.15.0.
 */
int memkind_ng_create_from(const char *text, memkind_t *kind, char *error, size_t size);

/* The kind that is asked when KIND has no memory. NULL: none is, or KIND is no kind. Since 1.15.0. */
memkind_t memkind_ng_get_then(memkind_t kind);

/*
 * Looks at the machine again, for nodes that came, went, or changed: all kinds adapt. Blocks stay
 * where they are; a node list in the environment is not read again. The kernel replaces nodes in
 * policies that are set when nodes come or go: these policies are set again, and where something
 * changed idle memory is given back as by memkind_ng_trim(). So no page that is touched for the first
 * time after this call lands on a node that its kind does not want. Without this call that holds for
 * memory that is committed after the change; nodes that came are not found, but by kinds that were not
 * available. Returns 0. Since 1.15.0.
 *
 * A node that is being taken offline counts as full for the kernel. Where memory is bound to no other
 * node, it may kill a process that touches it meanwhile, whatever the kind does when nodes are full, and
 * even a page that is there: one that is just being moved counts as absent.
 */
int memkind_ng_rescan(void);

/*
 * Why memkind_check_available(KIND) is not 0: a phrase in English, for people, valid until the
 * process ends. NULL: it is 0. Since 1.15.0.
 */
const char *memkind_ng_unavailable_reason(memkind_t kind);

/*
 * Writes in words whether KIND is available here: "available", or "not available here: ", why, and after a
 * semicolon what to do about it, such as the command that brings a node's memory online. For people: the
 * words may change. Like snprintf(3), writes at most SIZE bytes with the terminating zero, and returns
 * how long the text is without it; BUFFER may be NULL where SIZE is 0. MEMKIND_ERROR_INVALID: KIND is no
 * kind, or BUFFER is NULL and SIZE is not 0. Since 1.15.0.
 */
int memkind_ng_kind_status(memkind_t kind, char *buffer, size_t size);

/*
 * Gives what is idle of KIND back to the system now, instead of some time later: what the calling
 * thread keeps for new blocks, what is kept for all threads, and every page that was used and has no
 * live block any more. Other threads give back what they keep when they next run short of it, or
 * have too much. Blocks are not touched. Returns 1: memory went back; 0: there was none, as always
 * with MEMKIND_HOG_MEMORY=1 and for a kind of memkind_create_fixed(); MEMKIND_ERROR_INVALID: KIND is
 * no kind. Since 1.15.0.
 */
int memkind_ng_trim(memkind_t kind);

/*
 * Sets sizes[node], for nodes from 0 to NODE_COUNT - 1, to the bytes of KIND that are in memory on
 * that node now, in blocks or idle: what MEMKIND_STAT_TYPE_RESIDENT counts, asked of the kernel page
 * by page (some 60 ms a GiB of small pages). Left out are pages that this process has only read or,
 * of a file, not touched. What other threads take or give back meanwhile may count or not.
 *
 * 0; MEMKIND_ERROR_INVALID: SIZES is NULL, or KIND is no kind; MEMKIND_ERROR_OPERATION_FAILED: the
 * kernel does not tell (move_pages(2) is denied). The sizes are untouched then. Since 1.15.0.
 */
int memkind_ng_get_resident(memkind_t kind, size_t *sizes, unsigned node_count);

/*
 * Writes what there is to say of each kind, those that the program made included, as one JSON object:
 *
 *   {"kinds": [{"kind": "memkind_dax_kmem", "available": true, "policy": "bind", "nodes": [2, 3],
 *     "capacity": 402653184, "allocated": 1048576, "active": 1052672, "resident": 2097152,
 *     "resident_on": {"2": 2097152}}, ...]}
 *
 * A kind that is not available has a "reason". "policy" is default, preferred, bind, interleave or weighted, and
 * "nodes" are those that serve any thread: none where nobody chooses. "capacity" is there where
 * memkind_get_capacity() knows it. "allocated", "active" and "resident" are those of
 * memkind_get_stat(), now and whatever memkind_update_cached_stats() has seen; "resident_on" is what
 * memkind_ng_get_resident() gives, takes as long, and is not there where the kernel does not tell.
 *
 * WRITE_CB gets CBOPAQUE and a piece of text of any length, as often as it takes, and may call the
 * library; NULL: standard error. Nothing is allocated. Returns 0. Since 1.15.0.
 */
int memkind_ng_stats_json(void (*write_cb)(void *, const char *), void *cbopaque);

/*
 * Where the SIZE bytes from PTR on are, of whatever memory they are: sets bytes_by_node[node], for nodes
 * from 0 to NODES - 1, to the bytes in memory on that node, bytes_by_node[NODES] to those that are
 * swapped out, and bytes_by_node[NODES + 1] to those of pages that nobody has written to, or that are
 * not mapped. Asked of the kernel page by page, as memkind_ng_get_resident() does.
 *
 * 0; MEMKIND_ERROR_INVALID: BYTES_BY_NODE is NULL, or the range wraps; MEMKIND_ERROR_OPERATION_FAILED:
 * the kernel does not tell (move_pages(2) is denied, or there is no /proc). The bytes are untouched
 * then. Since 1.15.0.
 */
int memkind_ng_where(const void *ptr, size_t size, size_t *bytes_by_node, unsigned nodes);

/* What only memkind_ng_move() returns; memkind_error_message() has a text for each. */
enum memkind_ng_error {
	MEMKIND_NG_ERROR_NOT_ITS_PAGES = -1001, /* a smaller block: memkind_realloc() copies it */
	MEMKIND_NG_ERROR_NO_ROOM = -1002,	/* the kind has no room for all of it */
	MEMKIND_NG_ERROR_UNMOVABLE = -1003,	/* the kernel can't move some of its pages */
	MEMKIND_NG_ERROR_PARTLY_MOVED = -1004	/* memkind_ng_where() tells how much is where */
};

/*
 * Moves the block that starts at PTR, and has pages of its own (above 32 KiB; with pages of 64 KiB some
 * blocks of up to 1 MiB do not), to the nodes that TO has for the calling thread. The address stays, and
 * so does every byte; other threads may read and write them meanwhile, but not free or resize the block,
 * or move it. No other block moves, also none that shares a huge page with it.
 *
 * Afterwards the block is one of TO to memkind_detect_kind() and memkind_realloc(), which may copy it to
 * grow. It counts for the limit of TO, and no longer for that of the kind that it was of; statistics,
 * tiers and memkind_ng_get_resident() count it where it was allocated. When it is freed, its pages go
 * back to the system, and its addresses to the kind it was allocated from. It may move on, and back.
 * When TO is destroyed, it is of the kind it was allocated from again, within its limit or not, and its
 * pages stay.
 *
 * That all pages arrived is seen, not believed. Pages that are on nodes of TO already stay where they
 * are; a kind that prefers a node moves the block to that one only. To MEMKIND_DEFAULT all pages go to
 * where the policy of the process puts new ones. Nothing is swapped out for a move. It costs some 100 us
 * and what copying the pages costs.
 *
 * 0, or the block is as before:
 * MEMKIND_ERROR_INVALID: no block of the library starts at PTR, or TO is no kind
 * MEMKIND_NG_ERROR_NOT_ITS_PAGES: it is too small; memkind_realloc(TO, PTR, size) copies it
 * MEMKIND_NG_ERROR_NO_ROOM: the nodes or the limit of TO have no room for all of it, or the process for
 *   one more mapping
 * MEMKIND_NG_ERROR_UNMOVABLE: the kernel can't move some of its pages: a fork child has them, too, they
 *   are locked in memory, or a device uses them; before Linux 5.4 also of a block whose ends may lie in
 *   huge pages
 * MEMKIND_ERROR_OPERATION_FAILED: the block or TO is of a kind on huge pages, a file or an area
 * MEMKIND_ERROR_MBIND: mbind(2) or move_pages(2) is denied
 * what memkind_check_available(TO) returns; MEMKIND_ERROR_UNAVAILABLE also where only this thread has no
 *   node of TO
 *
 * MEMKIND_NG_ERROR_PARTLY_MOVED: the move failed, and so did the way back, since others took the room
 * meanwhile, or a fork child came: pages are at both places, and memkind_ng_where() tells how many are where. The block is of
 * the kind that it was of, and can be used, freed and moved as any other. Since 1.15.0.
 */
int memkind_ng_move(void *ptr, memkind_t to);

/*
 * Gives each fork child from now on a copy of its own of all blocks of KIND, a kind on files, as it has
 * of other memory. It goes on with files of its own, in the same directory and with the same limit. A
 * fork takes as long as the copy does, and as much disk space as KIND has. Where there is none the child
 * can't use KIND, as after any other fork: see memkind_create_pmem(); memkind_check_available(KIND) in
 * the child tells. What other threads write to their blocks while the copy goes on may be missing in it.
 * Returns 0, or MEMKIND_ERROR_INVALID: KIND is no kind on files. Since 1.15.0.
 */
int memkind_ng_copy_at_fork(memkind_t kind);

#ifdef __cplusplus
}
#endif

#endif
