/*
 * The queue of a connection's output, held against a model: bytes that were asked for are
 * the bytes that leave, in order, whatever leaves at a time and whatever is dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/random.h"
#include "base/torture.h"
#include "ipc/output.h"

/* Messages as the model has them: one allocated text each. */
enum { MODEL_MAX = 400 };

struct model {
	hki_output output;
	hki_random random;
	char *texts[MODEL_MAX]; /* framed; the first may have begun to leave */
	size_t lengths[MODEL_MAX];
	size_t count;
	size_t sent; /* of the first */
	uint32_t framing;
	unsigned int number;
};

static void model_add(struct model *model, const char *data, size_t length)
{
	size_t head = model->framing == HK_IPC_FRAMING_LENGTH_BARE ? 4 : 0;
	size_t tail = model->framing == HK_IPC_FRAMING_LINES ? 1 : 0;
	char *text = malloc(head + length + tail);

	assert_non_null(text);
	assert_true(model->count < MODEL_MAX);
	if (head > 0) {
		text[0] = (char) (length >> 24);
		text[1] = (char) (length >> 16);
		text[2] = (char) (length >> 8);
		text[3] = (char) length;
	}
	memcpy(text + head, data, length);
	if (tail > 0)
		text[head + length] = '\n';
	model->texts[model->count] = text;
	model->lengths[model->count++] = head + length + tail;
}

static void model_remove(struct model *model, size_t index)
{
	free(model->texts[index]);
	model->count--;
	for (size_t i = index; i < model->count; i++) {
		model->texts[i] = model->texts[i + 1];
		model->lengths[i] = model->lengths[i + 1];
	}
}

static void add(struct model *model, bool shared)
{
	static char data[20000];
	size_t most = hki_random_below(&model->random, 10) == 0 ? sizeof(data) - 20 : 200;
	size_t length = 12 + hki_random_below(&model->random, most);
	struct iovec parts[2] = { { data, length / 2 },
		{ data + length / 2, length - length / 2 } };
	hk_ipc_payload *payload = NULL;

	(void) snprintf(data, 12, "%011u", model->number++);
	memset(data + 11, 'a' + (int) (model->number % 26), length - 11);
	if (shared) {
		assert_int_equal(0, hk_ipc_payload_new(&payload, data, length));
		assert_int_equal(
		    0, hki_output_add_payload(&model->output, model->framing, payload));
		hk_ipc_payload_free(payload);
	} else {
		assert_int_equal(0,
		    hki_output_add(&model->output, model->framing, parts, 2, length, 0));
	}
	model_add(model, data, length);
}

/* Take at most @most bytes out, as a socket would, and compare. */
static void take(struct model *model, size_t most)
{
	struct iovec pieces[8];
	const hki_output_extra *extra;
	size_t count = hki_output_pieces(&model->output, pieces, 8, &extra);
	size_t taken = 0;
	size_t whole = 0;

	for (size_t i = 0; i < count && taken < most; i++) {
		const char *bytes = pieces[i].iov_base;

		for (size_t j = 0; j < pieces[i].iov_len && taken < most; j++, taken++) {
			assert_true(model->count > 0);
			assert_int_equal(model->texts[0][model->sent], bytes[j]);
			if (++model->sent == model->lengths[0]) {
				model_remove(model, 0);
				model->sent = 0;
				whole++;
			}
		}
	}
	assert_int_equal(whole, hki_output_advance(&model->output, taken));
}

static void drop(struct model *model)
{
	size_t index = model->sent > 0 ? 1 : 0;
	bool dropped = hki_output_drop_oldest(&model->output);

	assert_int_equal(model->count > index, dropped);
	if (dropped)
		model_remove(model, index);
}

static void check(const struct model *model)
{
	size_t queued = 0;

	for (size_t i = 0; i < model->count; i++)
		queued += model->lengths[i];
	assert_int_equal(model->count, model->output.messages);
	assert_int_equal(queued - model->sent, model->output.queued);
	assert_int_equal(model->count == 0, hki_output_empty(&model->output));
}

static void run_model(uint32_t framing, uint64_t seed)
{
	struct model model = { .framing = framing };

	hki_random_seed(&model.random, seed);
	for (int step = 0; step < 20000; step++) {
		uint64_t kind = hki_random_below(&model.random, 100);

		if (kind < 45 && model.count < MODEL_MAX)
			add(&model, hki_random_below(&model.random, 3) == 0);
		else if (kind < 80)
			take(&model, 1 + hki_random_below(&model.random, 1000));
		else if (kind < 85)
			take(&model, SIZE_MAX);
		else if (kind < 98)
			drop(&model);
		else {
			hki_output_restart(&model.output);
			model.sent = 0;
		}
		check(&model);
	}
	while (model.count > 0)
		take(&model, SIZE_MAX);
	check(&model);
	hki_output_deinit(&model.output);
}

static void what_leaves_is_what_was_asked_for(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		run_model(HK_IPC_FRAMING_LINES, seed);
		run_model(HK_IPC_FRAMING_LENGTH_BARE, seed);
		run_model(HK_IPC_FRAMING_NONE, seed);
	}
}

static void the_rest_of_a_message_is_no_message_to_drop(void **state)
{
	hki_output output = { 0 };
	char text[] = "0123456789";
	struct iovec parts[2] = { { text, 4 }, { text + 4, 6 } };
	struct iovec pieces[8];
	const hki_output_extra *extra;

	(void) state;
	assert_int_equal(0, hki_output_add_rest(&output, parts, 2, 7));
	assert_int_equal(3, output.queued);
	assert_false(hki_output_drop_oldest(&output));
	assert_int_equal(
	    0, hki_output_add(&output, HK_IPC_FRAMING_LINES, parts, 1, 4, 0));
	assert_true(hki_output_drop_oldest(&output));
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_int_equal(3, pieces[0].iov_len);
	assert_memory_equal("789", pieces[0].iov_base, 3);
	assert_int_equal(0, hki_output_advance(&output, 2));
	assert_int_equal(1, hki_output_advance(&output, 1));
	hki_output_deinit(&output);
}

static void what_follows_the_rest_of_a_message_is_found(void **state)
{
	hki_output output = { 0 };
	char text[] = "0123456789";
	struct iovec part = { text, 10 };
	struct iovec pieces[8];
	const hki_output_extra *extra;

	(void) state;
	assert_int_equal(0, hki_output_add_rest(&output, &part, 1, 7));
	part.iov_len = 4;
	assert_int_equal(
	    0, hki_output_add(&output, HK_IPC_FRAMING_LINES, &part, 1, 4, 0));
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_int_equal(8, pieces[0].iov_len);
	assert_memory_equal("7890123\n", pieces[0].iov_base, 8);
	assert_int_equal(1, hki_output_advance(&output, 4)); /* and a byte of the next */
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_int_equal(4, pieces[0].iov_len);
	assert_memory_equal("123\n", pieces[0].iov_base, 4);
	hki_output_restart(&output);
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_memory_equal("0123\n", pieces[0].iov_base, 5);
	hki_output_deinit(&output);
}

static int own_descriptor(int **out)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	*out = hki_alloc(sizeof(int));
	assert_non_null(*out);
	**out = fd;
	return fd;
}

static void descriptors_travel_alone_and_are_closed_behind(void **state)
{
	hki_output output = { 0 };
	struct iovec part = { (void *) (uintptr_t) "[1]", 3 };
	struct iovec pieces[8];
	const hki_output_extra *extra;
	int *descriptors;
	int fd = own_descriptor(&descriptors);

	(void) state;
	assert_int_equal(
	    0, hki_output_add(&output, HK_IPC_FRAMING_LINES, &part, 1, 3, 0));
	assert_int_equal(0, hki_output_add_descriptors(
				&output, HK_IPC_FRAMING_LINES, "[2]", 3, descriptors, 1));
	assert_int_equal(
	    0, hki_output_add(&output, HK_IPC_FRAMING_LINES, &part, 1, 3, 0));
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_int_equal(4, pieces[0].iov_len);
	assert_null(extra);
	assert_int_equal(1, hki_output_advance(&output, 4));
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_int_equal(4, pieces[0].iov_len);
	assert_non_null(extra);
	assert_int_equal(0, hki_output_advance(&output, 1));
	/* Begun: they have gone with its first byte. */
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_null(extra);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_int_equal(1, hki_output_advance(&output, 3));
	assert_int_equal(-1, fcntl(fd, F_GETFD));
	assert_int_equal(1, hki_output_pieces(&output, pieces, 8, &extra));
	assert_int_equal(4, pieces[0].iov_len);
	hki_output_deinit(&output);
}

static int fill(void *user)
{
	hki_output output = { 0 };
	char text[6000] = "[1]";
	struct iovec part = { text, sizeof(text) };
	hk_ipc_payload *payload = NULL;
	int r;

	(void) user;
	r = hk_ipc_payload_new(&payload, text, sizeof(text));
	for (int i = 0; r == 0 && i < 20; i++) {
		r = hki_output_add_payload(&output, HK_IPC_FRAMING_LENGTH_BARE, payload);
		if (r == 0)
			r = hki_output_add(
			    &output, HK_IPC_FRAMING_LINES, &part, 1, sizeof(text), 0);
		/* What failed has left nothing behind. */
		assert_int_equal(output.messages * 4, output.sizes.length);
	}
	hk_ipc_payload_free(payload);
	hki_output_deinit(&output);
	return r;
}

static void without_memory_nothing_is_queued(void **state)
{
	(void) state;
	assert_true(hki_torture(fill, NULL) > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_leaves_is_what_was_asked_for),
		cmocka_unit_test(the_rest_of_a_message_is_no_message_to_drop),
		cmocka_unit_test(what_follows_the_rest_of_a_message_is_found),
		cmocka_unit_test(descriptors_travel_alone_and_are_closed_behind),
		cmocka_unit_test(without_memory_nothing_is_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
