/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptions of kinds: what is read, what is refused with which word, and what is written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "kind/spec.h"

static struct mk_spec spec;
static struct mk_spec_refusal refusal;
static const char *then;

static void read_text(const char *text)
{
	then = "not set";
	assert_int_equal(mk_spec_parse(text, &spec, &then, &refusal), 0);
}

static void assert_refused(const char *text, const char *word, const char *allowed)
{
	assert_int_equal(mk_spec_parse(text, &spec, &then, &refusal), -EINVAL);
	assert_int_equal(refusal.word.length, strlen(word));
	assert_memory_equal(refusal.word.start, word, strlen(word));
	if (strstr(refusal.allowed, allowed) == NULL)
		fail_msg("%s: not about %s: %s", text, allowed, refusal.allowed);
}

static void every_key_is_read(void **state)
{
	(void)state;
	read_text("decay=250ms;limit=3G;nodes=4,2-3;policy=interleave;use=closest;pages=base;"
		  "exhaustion=null");
	assert_int_equal(spec.source, MK_SPEC_LIST);
	assert_int_equal(spec.nodes.word[0], 0x1c);
	assert_int_equal(mk_nodeset_count(&spec.nodes), 3);
	assert_int_equal(spec.listed_count, 3);
	assert_int_equal(spec.listed[0], 4);
	assert_int_equal(spec.listed[2], 3);
	assert_int_equal(spec.policy, MEMKIND_NG_POLICY_INTERLEAVE);
	assert_int_equal(spec.use, MEMKIND_NG_USE_CLOSEST);
	assert_int_equal(spec.pages, MEMKIND_NG_PAGES_BASE);
	assert_int_equal(spec.exhaustion, MEMKIND_NG_EXHAUSTION_NULL);
	assert_int_equal(spec.decay_ms, 250);
	assert_int_equal(spec.limit, 3 * MK_GIB);
	assert_null(then);
}

static void what_is_not_said_is_not_set(void **state)
{
	static const struct mk_spec nothing;

	(void)state;
	read_text("nodes=all");
	assert_memory_equal(&spec, &nothing, sizeof(spec));
}

static void sets_of_nodes_have_names(void **state)
{
	static const struct {
		const char *text;
		enum mk_spec_source source;
	} sets[] = {{"nodes=all", MK_SPEC_ALL},	  {"nodes=dram", MK_SPEC_DRAM},
		    {"nodes=kmem", MK_SPEC_KMEM}, {"nodes=cxl", MK_SPEC_CXL},
		    {"nodes=hbm", MK_SPEC_HBM},	  {"nodes=far", MK_SPEC_FAR}};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(sets); i++) {
		read_text(sets[i].text);
		assert_int_equal(spec.source, sets[i].source);
		assert_true(mk_nodeset_is_empty(&spec.nodes));
	}
}

static void times_have_units(void **state)
{
	(void)state;
	read_text("decay=10s");
	assert_int_equal(spec.decay_ms, 10000);
	read_text("decay=7");
	assert_int_equal(spec.decay_ms, 7);
	assert_false(spec.purges_at_once);
	read_text("decay=0");
	assert_int_equal(spec.decay_ms, 0);
	assert_true(spec.purges_at_once);
}

static void then_takes_all_that_follows(void **state)
{
	(void)state;
	read_text("nodes=0;then=nodes=1;limit=4K;then=regular");
	assert_string_equal(then, "nodes=1;limit=4K;then=regular");
	assert_int_equal(spec.limit, 0);
	read_text(then);
	assert_int_equal(spec.limit, 4096);
	assert_string_equal(then, "regular");
	read_text("limit=4K;then=");
	assert_string_equal(then, "");
}

static void weights_go_with_the_nodes_as_they_are_named(void **state)
{
	(void)state;
	read_text("nodes=2,0,2;policy=weighted;weights=13107:26214:65535;step=2M");
	assert_int_equal(spec.listed_count, 3);
	assert_int_equal(spec.listed[0], 2);
	assert_int_equal(spec.listed[1], 0);
	assert_int_equal(spec.listed[2], 2);
	assert_int_equal(spec.weight_count, 3);
	assert_int_equal(spec.weights[0], 13107);
	assert_int_equal(spec.weights[2], 65535);
	assert_int_equal(spec.step, 2 * MK_MIB);
	read_text("weights=auto;policy=weighted;nodes=far");
	assert_true(spec.has_auto_weights);
	assert_int_equal(spec.weight_count, 0);
}

static void the_wrong_word_is_named(void **state)
{
	static const char *const rows[][3] = {
		{"", "", "nodes=, policy="},
		{"nodes", "nodes", "nodes=, policy="},
		{"limt=3G", "limt=3G", "limit="},
		{"limit=3G;", "", "semicolons"},
		{";limit=3G", "", "semicolons"},
		{"limit=3G;;nodes=1", "", "semicolons"},
		{"limit=3G;limit=3G", "limit=3G", "each once"},
		{"then=regular", "then=regular", "then= at last"},
		{" nodes=1", " nodes=1", "nodes="},
		{"nodes=", "nodes=", "dram"},
		{"nodes=fast", "nodes=fast", "dram"},
		{"nodes=DRAM", "nodes=DRAM", "dram"},
		{"limit=1G;nodes=1,;decay=1", "nodes=1,", "such as 2,3"},
		{"nodes=3-2", "nodes=3-2", "such as 2,3"},
		{"nodes=1 ", "nodes=1 ", "such as 2,3"},
		{"nodes=1024", "nodes=1024", "below 1024"},
		{"nodes=70000", "nodes=70000", "below 1024"},
		{"policy=first", "policy=first", "far-first"},
		{"policy=", "policy=", "bind"},
		{"use=near", "use=near", "closest"},
		{"pages=4K", "pages=4K", "2M"},
		{"exhaustion=NULL", "exhaustion=NULL", "swap or null"},
		{"decay=-1", "decay=-1", "milliseconds"},
		{"decay=1h", "decay=1h", "milliseconds"},
		{"decay=2147483648", "decay=2147483648", "milliseconds"},
		{"decay=2147484s", "decay=2147484s", "milliseconds"},
		{"limit=0", "limit=0", "bytes from 4096 on"},
		{"limit=4095", "limit=4095", "bytes from 4096 on"},
		{"limit=1k", "limit=1k", "K, M, G or T"},
		{"limit=1GB", "limit=1GB", "K, M, G or T"},
		{"limit=16777216T", "limit=16777216T", "K, M, G or T"},
		{"limit=99999999999999999999", "limit=99999999999999999999", "bytes"},
		{"step=100K;policy=weighted", "step=100K", "multiple of 64K"},
		{"step=2G;policy=weighted", "step=2G", "up to 1G"},
		{"weights=4:;policy=weighted", "weights=4:", "such as 4:1"},
		{"weights=4:0;policy=weighted", "weights=4:0", "from 1 to"},
		{"weights=65536;policy=weighted", "weights=65536", "to 65535"},
		/* What does not go together. */
		{"nodes=1,2;weights=4:1", "weights", "policy=weighted"},
		{"nodes=1,2;step=64K", "step", "policy=weighted"},
		{"nodes=1,2;policy=weighted", "policy", "weights="},
		{"nodes=1,2;policy=weighted;weights=1", "weights", "as many"},
		{"nodes=far;policy=weighted;weights=1", "weights", "as many"},
		{"nodes=1,2;policy=weighted;weights=1:2;use=closest", "use", "use=all"},
		{"nodes=1,2;policy=weighted;weights=1000:1", "weights", "sum up to 1000"},
		{"nodes=1,2;policy=weighted;weights=1:2;pages=2M", "pages", "base or huge"},
		{"nodes=1,2;policy=weighted;weights=1:2;pages=huge;step=1M", "step", "of 2M"},
		{"policy=preferred;use=all", "use", "use=closest"},
		{"policy=far-first;use=closest", "use", "use=all"},
		{"policy=far-first;pages=2M", "pages", "base or huge"},
		{"policy=preferred;exhaustion=null", "exhaustion", "policy=bind"},
		{"policy=far-first;exhaustion=null", "exhaustion", "policy=bind"},
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++)
		assert_refused(rows[i][0], rows[i][1], rows[i][2]);
}

static void lists_and_weights_have_an_end(void **state)
{
	char text[2048] = "policy=weighted;weights=1";

	(void)state;
	for (int i = 0; i < MK_SPEC_TURN_LIMIT; i++)
		strcat(text, ":1");
	assert_int_equal(mk_spec_parse(text, &spec, &then, &refusal), -EINVAL);
	strcpy(text, "nodes=1");
	while (strlen(text) < 600)
		strcat(text, ",1");
	assert_int_equal(mk_spec_parse(text, &spec, &then, &refusal), -EINVAL);
	/* More than can have weights are nodes as well. */
	read_text("nodes=0-1023;policy=bind");
	assert_int_equal(mk_nodeset_count(&spec.nodes), MK_NODE_LIMIT);
}

static void what_is_written_reads_as_the_same(void **state)
{
	static const char *const texts[] = {
		"nodes=all",
		"nodes=far;policy=far-first",
		"nodes=3,1,3;policy=weighted;weights=1:2:3;step=256K",
		"nodes=kmem;policy=weighted;weights=auto",
		"nodes=0;policy=bind;use=all;pages=2M;exhaustion=swap;decay=1;limit=4097",
		"nodes=hbm;pages=1G;decay=0;limit=5T",
		"nodes=0-99,101,1000-1023;use=closest;pages=huge",
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(texts); i++) {
		char text[1024], cut[8];
		struct mk_spec again;
		size_t length;

		read_text(texts[i]);
		length = mk_spec_write(&spec, text, sizeof(text));
		assert_string_equal(text, texts[i]);
		assert_int_equal(length, strlen(text));
		assert_int_equal(mk_spec_parse(text, &again, &then, &refusal), 0);
		assert_memory_equal(&again, &spec, sizeof(spec));
		assert_int_equal(mk_spec_write(&spec, cut, sizeof(cut)), length);
		assert_memory_equal(cut, texts[i], sizeof(cut) - 1);
		assert_int_equal(cut[sizeof(cut) - 1], '\0');
	}
}

static int read_struct(const struct memkind_ng_spec *from)
{
	struct memkind *behind;

	memset(&spec, 0xa5, sizeof(spec));
	return mk_spec_read(from, &spec, &behind, &refusal);
}

static void a_struct_says_the_same_as_a_text(void **state)
{
	const struct memkind_ng_spec from = {
		.size = sizeof(from),
		.nodes = "2,3",
		.policy = MEMKIND_NG_POLICY_WEIGHTED,
		.use = MEMKIND_NG_USE_ALL,
		.pages = MEMKIND_NG_PAGES_HUGE,
		.exhaustion = MEMKIND_NG_EXHAUSTION_NULL,
		.decay_ms = 500,
		.limit = 64 * MK_MIB,
		.weights = "4:1",
		.step = 2 * MK_MIB,
	};
	struct mk_spec from_text;

	(void)state;
	read_text("nodes=2,3;policy=weighted;use=all;pages=huge;exhaustion=null;decay=500ms;"
		  "limit=64M;weights=4:1;step=2M");
	from_text = spec;
	assert_int_equal(read_struct(&from), 0);
	assert_memory_equal(&spec, &from_text, sizeof(spec));
}

static void a_struct_may_be_shorter_or_longer(void **state)
{
	struct {
		struct memkind_ng_spec spec;
		char newer[16];
	} from = {.spec = {.size = offsetof(struct memkind_ng_spec, limit),
			   .nodes = "1",
			   .limit = 1}};

	(void)state;
	/* The limit, which is bad, is beyond its end. */
	assert_int_equal(read_struct(&from.spec), 0);
	assert_int_equal(spec.source, MK_SPEC_LIST);
	assert_int_equal(spec.limit, 0);
	from.spec.limit = 8192;
	from.spec.size = sizeof(from);
	assert_int_equal(read_struct(&from.spec), 0);
	assert_int_equal(spec.limit, 8192);
	from.newer[15] = 1;
	assert_int_equal(read_struct(&from.spec), -EINVAL);
	from.spec.size = sizeof(size_t) - 1;
	assert_int_equal(read_struct(&from.spec), -EINVAL);
	from.spec.size = sizeof(size_t);
	assert_int_equal(read_struct(&from.spec), 0);
}

static void bad_members_are_refused(void **state)
{
	const struct memkind_ng_spec bad[] = {
		{.nodes = "x"},
		{.nodes = ""},
		{.nodes = "1;limit=4K"},
		{.weights = "4:1;"},
		{.policy = (enum memkind_ng_policy)6},
		{.policy = (enum memkind_ng_policy) - 1},
		{.use = (enum memkind_ng_use)3},
		{.pages = (enum memkind_ng_pages)5},
		{.exhaustion = (enum memkind_ng_exhaustion)3},
		{.decay_ms = -2},
		{.limit = 1},
		{.step = 1},
		{.step = 65536},
		{.policy = MEMKIND_NG_POLICY_PREFERRED, .use = MEMKIND_NG_USE_ALL},
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(bad); i++) {
		struct memkind_ng_spec from = bad[i];

		from.size = sizeof(from);
		assert_int_equal(read_struct(&from), -EINVAL);
		assert_non_null(refusal.allowed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(what_is_not_said_is_not_set),
		cmocka_unit_test(sets_of_nodes_have_names),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(then_takes_all_that_follows),
		cmocka_unit_test(weights_go_with_the_nodes_as_they_are_named),
		cmocka_unit_test(the_wrong_word_is_named),
		cmocka_unit_test(lists_and_weights_have_an_end),
		cmocka_unit_test(what_is_written_reads_as_the_same),
		cmocka_unit_test(a_struct_says_the_same_as_a_text),
		cmocka_unit_test(a_struct_may_be_shorter_or_longer),
		cmocka_unit_test(bad_members_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
