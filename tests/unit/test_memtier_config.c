/* SPDX-License-Identifier: BSD-2-Clause */
/* Every rule of the grammar of the memtier variables, kept and broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "preload/memtier_config.h"

#define STATIC	";POLICY:STATIC_RATIO"
#define DYNAMIC ";POLICY:DYNAMIC_THRESHOLD"
#define DRAM	"KIND:DRAM,RATIO:1"
#define KMEM	"KIND:KMEM_DAX,RATIO:4"
#define FS	"KIND:FS_DAX,RATIO:1,PATH:/tmp"
#define LIMIT	FS ",PMEM_SIZE_LIMIT:"

/* The text of a refused part must be this one. */
struct refused {
	const char *tiers, *thresholds, *part;
};

static struct mk_memtier_config config;

static void accept(const char *tiers, const char *thresholds)
{
	struct mk_memtier_refusal refusal;

	if (mk_memtier_parse(tiers, thresholds, &config, &refusal) != 0)
		fail_msg("\"%s\" with \"%s\" refused: allowed is %s", tiers,
			 thresholds == NULL ? "" : thresholds, refusal.allowed);
}

static void refuse_all(const struct refused *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct refused *row = &rows[i];
		struct mk_memtier_refusal refusal;

		if (mk_memtier_parse(row->tiers, row->thresholds, &config, &refusal) != -EINVAL)
			fail_msg("\"%s\" with \"%s\" accepted", row->tiers, row->thresholds);
		if (refusal.part.length != strlen(row->part) ||
		    memcmp(refusal.part.start, row->part, refusal.part.length) != 0)
			fail_msg("\"%s\" with \"%s\": refused part is \"%.*s\"", row->tiers,
				 row->thresholds, (int)refusal.part.length, refusal.part.start);
		assert_non_null(refusal.allowed);
		assert_int_equal(refusal.is_threshold, row->thresholds != NULL);
	}
}

static void check_path(size_t tier, const char *path)
{
	assert_int_equal(config.tiers[tier].path.length, strlen(path));
	assert_memory_equal(config.tiers[tier].path.start, path, strlen(path));
}

static void tiers_in_their_order(void **state)
{
	(void)state;
	accept("KIND:DRAM,RATIO:1;RATIO:4,KIND:KMEM_DAX;"
	       "PMEM_SIZE_LIMIT:2G,PATH:/mnt/a:b=c,RATIO:0x10,KIND:FS_DAX;" FS STATIC,
	       NULL);
	assert_int_equal(config.policy, MEMTIER_POLICY_STATIC_RATIO);
	assert_int_equal(config.tier_count, 4);
	assert_int_equal(config.threshold_count, 0);
	assert_int_equal(config.tiers[0].kind, MK_MEMTIER_DRAM);
	assert_int_equal(config.tiers[0].ratio, 1);
	assert_int_equal(config.tiers[1].kind, MK_MEMTIER_KMEM_DAX);
	assert_int_equal(config.tiers[1].ratio, 4);
	assert_int_equal(config.tiers[2].kind, MK_MEMTIER_FS_DAX);
	assert_int_equal(config.tiers[2].ratio, 16);
	assert_int_equal(config.tiers[2].size_limit, 2 * MK_GIB);
	check_path(2, "/mnt/a:b=c");
	assert_int_equal(config.tiers[3].size_limit, 0);
	check_path(3, "/tmp");
}

static void kinds_in_brackets(void **state)
{
	static const char text[] = "nodes=2,3;limit=1G;then=x:y";

	(void)state;
	accept("RATIO:1,KIND:[nodes=2,3;limit=1G;then=x:y];KIND:[regular],RATIO:2;" DRAM STATIC,
	       NULL);
	assert_int_equal(config.tier_count, 3);
	assert_int_equal(config.tiers[0].kind, MK_MEMTIER_DESCRIBED);
	assert_int_equal(config.tiers[0].text.length, strlen(text));
	assert_memory_equal(config.tiers[0].text.start, text, strlen(text));
	assert_int_equal(config.tiers[1].text.length, strlen("regular"));
	assert_int_equal(config.tiers[1].ratio, 2);
	/* Brackets that begin no kind are as any other character. */
	accept("KIND:FS_DAX,RATIO:1,PATH:/a[b;" DRAM STATIC, NULL);
	check_path(0, "/a[b");
}

static void a_kinds_text_is_copied(void **state)
{
	char buffer[MK_MEMTIER_TEXT_SIZE], text[MK_MEMTIER_TEXT_SIZE + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_true(mk_memtier_copy((struct mk_part){text, 3}, buffer));
	assert_string_equal(buffer, "xxx");
	assert_true(mk_memtier_copy((struct mk_part){text, sizeof(buffer) - 1}, buffer));
	assert_int_equal(strlen(buffer), sizeof(buffer) - 1);
	assert_false(mk_memtier_copy((struct mk_part){text, sizeof(buffer)}, buffer));
	assert_int_equal(strlen(buffer), sizeof(buffer) - 1);
}

static void ratios(void **state)
{
	static const struct {
		const char *text;
		unsigned ratio;
	} rows[] = {{"1", 1},	   {"4294967295", UINT32_MAX},	 {"010", 8}, {"0x1f", 31},
		    {"0XfF", 255}, {"0000000000000000000007", 7}};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		char tiers[128];

		snprintf(tiers, sizeof(tiers), "RATIO:%s,KIND:DRAM" STATIC, rows[i].text);
		accept(tiers, NULL);
		assert_int_equal(config.tiers[0].ratio, rows[i].ratio);
	}
}

static void limits_of_files(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} rows[] = {{"0", 0},
		    {"0K", 0},
		    {"16M", 16 * MK_MIB},
		    {"16384K", 16 * MK_MIB},
		    {"16777216", 16 * MK_MIB},
		    {"1G", MK_GIB},
		    {"0100000000", 100000000},
		    {"18446744073709551615", SIZE_MAX},
		    {"18014398509481983K", SIZE_MAX - 1023}};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		char tiers[128];

		snprintf(tiers, sizeof(tiers), LIMIT "%s" STATIC, rows[i].text);
		accept(tiers, NULL);
		assert_int_equal(config.tiers[0].size_limit, rows[i].size);
	}
}

/* M11 */
static void numbers_with_something_behind_are_refused(void **state)
{
	static const char *const ratios[] = {
		"RATIO:",    "RATIO",	  "RATIO:0",	      "RATIO:00",
		"RATIO:-1",  "RATIO:+1",  "RATIO: 1",	      "RATIO:1x",
		"RATIO:1.5", "RATIO:1:2", "RATIO:0x",	      "RATIO:0x1g",
		"RATIO:08",  "RATIO:1 ",  "RATIO:4294967296", "RATIO:18446744073709551617"};
	static const char *const limits[] = {"",
					     "x",
					     "-1",
					     "1",
					     "1K",
					     "16m",
					     "1T",
					     "1GG",
					     "1.5G",
					     "M",
					     "1G:",
					     " 1G",
					     "1G ",
					     "0x40000000",
					     "16777215",
					     "16383K",
					     "18446744073709551616",
					     "18014398509481984K"};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(ratios); i++) {
		char tiers[128];

		snprintf(tiers, sizeof(tiers), "KIND:DRAM,%s" STATIC, ratios[i]);
		refuse_all(&(struct refused){tiers, NULL, ratios[i]}, 1);
	}
	for (size_t i = 0; i < MK_ARRAY_SIZE(limits); i++) {
		char tiers[128], part[64];

		snprintf(part, sizeof(part), "PMEM_SIZE_LIMIT:%s", limits[i]);
		snprintf(tiers, sizeof(tiers), "%s,KIND:FS_DAX,RATIO:1,PATH:/" STATIC, part);
		refuse_all(&(struct refused){tiers, NULL, part}, 1);
	}
}

static void tiers_that_are_refused(void **state)
{
	static const struct refused rows[] = {
		{"", NULL, ""},
		{";", NULL, ""},
		{STATIC, NULL, ""},
		{"POLICY:STATIC_RATIO", NULL, "POLICY:STATIC_RATIO"},
		{DRAM, NULL, DRAM},
		{DRAM ";", NULL, ""},
		{DRAM STATIC ";", NULL, "POLICY:STATIC_RATIO"},
		{"POLICY:STATIC_RATIO;" DRAM, NULL, "POLICY:STATIC_RATIO"},
		{DRAM STATIC STATIC, NULL, "POLICY:STATIC_RATIO"},
		{DRAM ",POLICY:STATIC_RATIO", NULL, DRAM ",POLICY:STATIC_RATIO"},
		{DRAM ";POLICY:", NULL, "POLICY:"},
		{DRAM ";POLICY", NULL, "POLICY"},
		{DRAM ";POLICY:X", NULL, "POLICY:X"},
		{DRAM ";POLICY:static_ratio", NULL, "POLICY:static_ratio"},
		{DRAM ";policy:STATIC_RATIO", NULL, "policy:STATIC_RATIO"},
		{DRAM ";POLICY=STATIC_RATIO", NULL, "POLICY=STATIC_RATIO"},
		{DRAM STATIC " ", NULL, "POLICY:STATIC_RATIO "},
		{DRAM STATIC ",", NULL, "POLICY:STATIC_RATIO,"},
		{DRAM ";" STATIC, NULL, ""},
		{";" DRAM STATIC, NULL, ""},
		{"KIND:DRAM" STATIC, NULL, "KIND:DRAM"},
		{"RATIO:1" STATIC, NULL, "RATIO:1"},
		{"KIND:dram,RATIO:1" STATIC, NULL, "KIND:dram"},
		{"KIND:,RATIO:1" STATIC, NULL, "KIND:"},
		{"KIND,RATIO:1" STATIC, NULL, "KIND"},
		{"KIND:DRAM:X,RATIO:1" STATIC, NULL, "KIND:DRAM:X"},
		{"KIND:DRAMX,RATIO:1" STATIC, NULL, "KIND:DRAMX"},
		{"KIND:DRA,RATIO:1" STATIC, NULL, "KIND:DRA"},
		{"KIND=DRAM,RATIO:1" STATIC, NULL, "KIND=DRAM"},
		{"KIND:[],RATIO:1" STATIC, NULL, "KIND:[]"},
		{"KIND:[nodes=1,RATIO:1" STATIC, NULL, "KIND:[nodes=1"},
		{"KIND:[nodes=1]2,RATIO:1" STATIC, NULL, "KIND:[nodes=1]2"},
		{" KIND:DRAM,RATIO:1" STATIC, NULL, " KIND:DRAM"},
		{"KIND:DRAM, RATIO:1" STATIC, NULL, " RATIO:1"},
		{"KIND:DRAM,KIND:DRAM,RATIO:1" STATIC, NULL, "KIND:DRAM"},
		{DRAM ",RATIO:2" STATIC, NULL, "RATIO:2"},
		{DRAM "," STATIC, NULL, ""},
		{"," DRAM STATIC, NULL, ""},
		{"KIND:DRAM,,RATIO:1" STATIC, NULL, ""},
		{DRAM ",COLOUR:1" STATIC, NULL, "COLOUR:1"},
		{DRAM ",PATH:/tmp" STATIC, NULL, DRAM ",PATH:/tmp"},
		{DRAM ",PMEM_SIZE_LIMIT:1G" STATIC, NULL, DRAM ",PMEM_SIZE_LIMIT:1G"},
		{KMEM ",PATH:/tmp" STATIC, NULL, KMEM ",PATH:/tmp"},
		{KMEM ",PMEM_SIZE_LIMIT:1G" STATIC, NULL, KMEM ",PMEM_SIZE_LIMIT:1G"},
		{"KIND:FS_DAX,RATIO:1" STATIC, NULL, "KIND:FS_DAX,RATIO:1"},
		{"KIND:FS_DAX,RATIO:1,PATH:" STATIC, NULL, "PATH:"},
		{FS ",PATH:/var" STATIC, NULL, "PATH:/var"},
		{LIMIT "1G,PMEM_SIZE_LIMIT:1G" STATIC, NULL, "PMEM_SIZE_LIMIT:1G"},
		{DRAM ";KIND:DRAM,RATIO:2" STATIC, NULL, "KIND:DRAM,RATIO:2"},
		{KMEM ";" DRAM ";" KMEM STATIC, NULL, KMEM},
		{DRAM DYNAMIC, NULL, "POLICY:DYNAMIC_THRESHOLD"},
		{"\xff", NULL, "\xff"},
	};

	(void)state;
	refuse_all(rows, MK_ARRAY_SIZE(rows));
}

static void bounds_of_thresholds(void **state)
{
	const struct mk_memtier_threshold *threshold = config.thresholds;

	(void)state;
	accept(DRAM ";" KMEM DYNAMIC, NULL);
	assert_int_equal(config.policy, MEMTIER_POLICY_DYNAMIC_THRESHOLD);
	assert_int_equal(config.threshold_count, 0);
	accept(DRAM ";" KMEM DYNAMIC, "MAX_VAL:1M,INIT_VAL:64");
	assert_int_equal(config.threshold_count, 1);
	assert_int_equal(threshold[0].given, 1 << MK_MEMTIER_VAL | 1 << MK_MEMTIER_MAX);
	assert_int_equal(threshold[0].bounds[MK_MEMTIER_VAL], 64);
	assert_int_equal(threshold[0].bounds[MK_MEMTIER_MAX], MK_MIB);
	accept(DRAM ";" KMEM ";" FS DYNAMIC, "MIN_VAL:0;MIN_VAL:18446744073709551615");
	assert_int_equal(config.threshold_count, 2);
	assert_int_equal(threshold[0].given, 1 << MK_MEMTIER_MIN);
	assert_int_equal(threshold[0].bounds[MK_MEMTIER_MIN], 0);
	assert_int_equal(threshold[1].bounds[MK_MEMTIER_MIN], SIZE_MAX);
	accept(DRAM ";" KMEM ";" FS DYNAMIC, "INIT_VAL:1");
	assert_int_equal(config.threshold_count, 1);
}

/* M12 */
static void thresholds_are_written_with_either_sign(void **state)
{
	(void)state;
	accept(DRAM ";" KMEM DYNAMIC, "INIT_VAL=1024,MIN_VAL:512,MAX_VAL=65536");
	assert_int_equal(config.thresholds[0].given, 7);
	assert_int_equal(config.thresholds[0].bounds[MK_MEMTIER_VAL], 1024);
	assert_int_equal(config.thresholds[0].bounds[MK_MEMTIER_MIN], 512);
	assert_int_equal(config.thresholds[0].bounds[MK_MEMTIER_MAX], 65536);
}

/* M11 */
static void thresholds_that_are_refused(void **state)
{
	static const char two[] = DRAM ";" KMEM DYNAMIC;
	static const char three[] = DRAM ";" KMEM ";" FS DYNAMIC;
	static const struct refused rows[] = {
		{DRAM STATIC, "INIT_VAL:1024", "INIT_VAL:1024"},
		{DRAM STATIC, "", ""},
		{two, "", ""},
		{two, "INIT_VAL", "INIT_VAL"},
		{two, "INIT_VAL:", "INIT_VAL:"},
		{two, "INIT_VAL=", "INIT_VAL="},
		{two, "INIT_VAL:x", "INIT_VAL:x"},
		{two, "INIT_VAL:-1", "INIT_VAL:-1"},
		{two, "INIT_VAL:1024x", "INIT_VAL:1024x"},
		{two, "INIT_VAL:1024:5", "INIT_VAL:1024:5"},
		{two, "INIT_VAL:=5", "INIT_VAL:=5"},
		{two, "INIT_VAL:0x10", "INIT_VAL:0x10"},
		{two, "INIT_VAL:1k", "INIT_VAL:1k"},
		{two, "MAX_VAL:18014398509481984K", "MAX_VAL:18014398509481984K"},
		{two, "init_val:1024", "init_val:1024"},
		{two, "VAL:1024", "VAL:1024"},
		{two, " INIT_VAL:1024", " INIT_VAL:1024"},
		{two, "INIT_VAL:1024,", ""},
		{two, "INIT_VAL:1024,INIT_VAL:1024", "INIT_VAL:1024"},
		{two, "INIT_VAL:1024;", ""},
		{two, "INIT_VAL:1024;INIT_VAL:2048", "INIT_VAL:2048"},
		{three, ";INIT_VAL:2048", ""},
		{three, "INIT_VAL:1024;", ""},
		{three, "INIT_VAL:1;INIT_VAL:2;INIT_VAL:3", "INIT_VAL:3"},
	};

	(void)state;
	refuse_all(rows, MK_ARRAY_SIZE(rows));
}

/* No limit of characters; but one of tiers. */
static void long_texts(void **state)
{
	static char tiers[8192];
	char *end = tiers;

	(void)state;
	for (unsigned i = 0; i < MK_MEMTIER_TIER_LIMIT; i++)
		end = stpcpy(end, FS "/what/is/long/already/and/gets/longer;");
	strcpy(end, "POLICY:STATIC_RATIO");
	assert_true(strlen(tiers) > 4096);
	accept(tiers, NULL);
	assert_int_equal(config.tier_count, MK_MEMTIER_TIER_LIMIT);
	check_path(MK_MEMTIER_TIER_LIMIT - 1, "/tmp/what/is/long/already/and/gets/longer");
	strcpy(end, DRAM STATIC);
	refuse_all(&(struct refused){tiers, NULL, DRAM}, 1);
}

static void levels(void **state)
{
	static const char *const bad[] = {"3", "-1", "x", "01", " 1", "1 ", "1x", "00", " "};
	unsigned level = 7;

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(bad); i++)
		assert_int_equal(mk_memtier_parse_level(bad[i], &level), -EINVAL);
	assert_int_equal(level, 7);
	assert_int_equal(mk_memtier_parse_level("2", &level), 0);
	assert_int_equal(level, 2);
	assert_int_equal(mk_memtier_parse_level("1", &level), 0);
	assert_int_equal(level, 1);
	assert_int_equal(mk_memtier_parse_level("", &level), 0);
	assert_int_equal(level, 0);
	level = 7;
	assert_int_equal(mk_memtier_parse_level(NULL, &level), 0);
	assert_int_equal(level, 0);
	assert_int_equal(mk_memtier_parse_level("0", &level), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiers_in_their_order),
		cmocka_unit_test(kinds_in_brackets),
		cmocka_unit_test(a_kinds_text_is_copied),
		cmocka_unit_test(ratios),
		cmocka_unit_test(limits_of_files),
		cmocka_unit_test(numbers_with_something_behind_are_refused),
		cmocka_unit_test(tiers_that_are_refused),
		cmocka_unit_test(bounds_of_thresholds),
		cmocka_unit_test(thresholds_are_written_with_either_sign),
		cmocka_unit_test(thresholds_that_are_refused),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
