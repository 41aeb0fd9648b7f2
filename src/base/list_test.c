#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

typedef struct item {
	int number;
	hki_list link;
} item;

/* The numbers of the list as a text, "123". */
static const char *text_of(const hki_list *list, char out[8])
{
	size_t length = 0;

	for (hki_list *node = list->next; node != list; node = node->next)
		out[length++] = (char) ('0' + hki_list_entry(node, item, link)->number);
	out[length] = '\0';
	return out;
}

static void nodes_keep_the_order_they_came_in(void **state)
{
	item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
	hki_list list;
	char text[8];

	(void) state;
	hki_list_init(&list);
	assert_true(hki_list_empty(&list));
	assert_null(hki_list_pop(&list));
	for (int i = 0; i < 3; i++)
		hki_list_append(&list, &items[i].link);
	assert_string_equal("123", text_of(&list, text));
	assert_ptr_equal(&items[0].link, hki_list_pop(&list));
	assert_string_equal("23", text_of(&list, text));
}

static void a_node_may_be_removed_twice(void **state)
{
	item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
	hki_list list;
	char text[8];

	(void) state;
	hki_list_init(&list);
	for (int i = 0; i < 3; i++)
		hki_list_append(&list, &items[i].link);
	hki_list_remove(&items[1].link);
	hki_list_remove(&items[1].link);
	assert_string_equal("13", text_of(&list, text));
}

static void splicing_moves_all_and_leaves_nothing(void **state)
{
	item items[4] = { { .number = 1 }, { .number = 2 }, { .number = 3 },
		{ .number = 4 } };
	hki_list to;
	hki_list from;
	char text[8];

	(void) state;
	hki_list_init(&to);
	hki_list_init(&from);
	hki_list_splice(&to, &from);
	assert_string_equal("", text_of(&to, text));
	hki_list_append(&to, &items[0].link);
	for (int i = 1; i < 4; i++)
		hki_list_append(&from, &items[i].link);
	hki_list_splice(&to, &from);
	assert_string_equal("1234", text_of(&to, text));
	assert_true(hki_list_empty(&from));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_keep_the_order_they_came_in),
		cmocka_unit_test(a_node_may_be_removed_twice),
		cmocka_unit_test(splicing_moves_all_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
