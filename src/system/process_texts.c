/*
 * The table's half of reading texts: which rows want which, handing them to helper
 * threads in batches, and taking over what comes back in time.
 *
 * A sample waits for its texts, but only so long.  A batch that does not move is
 * written off together with its thread; the process it hangs at is marked stale
 * and left alone until that thread has come back, the others of the batch are
 * asked for again.  So a process that hangs costs one thread once, and nobody
 * else's sample.
 *
 * The loop and its offload are private, and there are none until the first text is
 * wanted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/loop.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "loop/offload.h"
#include "system/process_table.h"

/* Batches under way: one is read while the other is filled or taken over. */
#define THREADS 2
/* Processes that hang at the same time.  Beyond that the machine is ill, and no more
 * threads are spent on it: texts are not read until one has come back. */
#define STUCK_MAX 16
/* A process may change its directory or its words, and be moved to another cgroup,
 * without executing anything.  Whoever has run since is read again after that time. */
#define AGE_MAX_NS (60 * HKI_NS_PER_S)
/* A program has its name a little before it has its words (fs/exec.c: both are set while
 * it is executed).  So that a program has none is believed only after that time. */
#define WORDLESS_NS HKI_NS_PER_S
/* Of users; machines with more than that many active ones show numbers. */
#define USERS_MAX 16384

typedef struct user_name {
	uint32_t uid;
	bool pending; /* somebody is asking */
	bool known;
	char *name; /* Owned */
} user_name;

typedef struct stuck_read {
	hki_text_batch *batch; /* NULL: free */
	hki_text_question at;  /* whom it hangs at */
} stuck_read;

struct hki_text_reader {
	hk_system_processes *table;
	hk_loop *loop;
	hki_offload *offload;
	size_t under_way;
	bool again; /* some have to be asked for once more */
	hki_text_batch *filling;
	stuck_read stuck[STUCK_MAX];
	user_name *users; /* by ascending uid */
	size_t user_count;
	size_t user_capacity;
};

/* ---- user names ---- */

static size_t user_place(const struct hki_text_reader *reader, uint32_t uid)
{
	size_t low = 0;
	size_t high = reader->user_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reader->users[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static user_name *find_user(const struct hki_text_reader *reader, uint32_t uid)
{
	size_t place = user_place(reader, uid);

	if (place < reader->user_count && reader->users[place].uid == uid)
		return &reader->users[place];
	return NULL;
}

static user_name *add_user(struct hki_text_reader *reader, uint32_t uid)
{
	size_t place = user_place(reader, uid);

	if (reader->user_count == USERS_MAX)
		return NULL;
	if (reader->user_count == reader->user_capacity) {
		size_t capacity =
		    reader->user_capacity == 0 ? 16 : reader->user_capacity * 2;
		user_name *grown =
		    hki_realloc_array(reader->users, capacity, sizeof(*grown));

		if (grown == NULL)
			return NULL;
		reader->users = grown;
		reader->user_capacity = capacity;
	}
	memmove(reader->users + place + 1, reader->users + place,
	    (reader->user_count - place) * sizeof(user_name));
	reader->users[place] = (user_name){ .uid = uid };
	reader->user_count++;
	return &reader->users[place];
}

static void show_user(hk_system_processes *table, hki_row *row, const user_name *user)
{
	row->row.user = user->name;
	row->texts_read |= HKI_READ_USER;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_USER);
}

/* ---- rows ---- */

static hki_row *find_row(hk_system_processes *table, int32_t pid, uint64_t start_ticks)
{
	const hk_system_process *found =
	    hk_system_processes_find_exactly(table, pid, start_ticks, 0);

	return found == NULL ? NULL : hki_row_of(found);
}

void hki_texts_forget(hk_system_processes *table, hki_row *row)
{
	(void) table;
	hki_free(row->texts.block);
	memset(&row->texts, 0, sizeof(row->texts));
	row->texts_read = 0;
}

/* Present, denied or absent, as the error says. */
static void show(const hk_system_processes *table, hki_row *row,
    hk_system_process_field field, int error)
{
	if (error == 0)
		hki_row_set(table, row, field);
	else if (error == -EACCES || error == -EPERM)
		hki_row_deny(table, row, field);
	else
		hki_row_unset(row, field);
}

/* True if the row may only be shown so because its program is just being executed. */
static bool has_no_words_yet(const hk_system_processes *table, hki_row *row)
{
	if (row->texts.command_error != 0 || row->texts.word_count > 0 ||
	    row->row.kernel || row->row.state == HK_SYSTEM_STATE_ZOMBIE) {
		row->wordless_since_ns = 0;
		return false;
	}
	if (row->wordless_since_ns == 0 || row->wordless_program != row->program) {
		row->wordless_since_ns = table->now_ns;
		row->wordless_program = row->program;
	}
	return table->now_ns - row->wordless_since_ns < WORDLESS_NS;
}

static void take_command(hk_system_processes *table, hki_row *row)
{
	if (has_no_words_yet(table, row)) {
		row->texts_read &= ~(uint32_t) HKI_READ_COMMAND;
		hki_row_unset(row, HK_SYSTEM_PROCESS_COMMAND);
	} else {
		show(table, row, HK_SYSTEM_PROCESS_COMMAND, row->texts.command_error);
	}
}

static void take_texts(hk_system_processes *table, hki_row *row, hki_text_item *item)
{
	hk_system_process *to = &row->row;

	hki_free(row->texts.block);
	row->texts = item->texts;
	memset(&item->texts, 0, sizeof(item->texts));
	to->command.items = row->texts.words;
	to->command.count = row->texts.word_count;
	to->executable = row->texts.executable;
	to->working_directory = row->texts.directory;
	to->cgroup = row->texts.cgroup;
	row->texts_read |= item->question.want;
	row->texts_time_ns = table->now_ns;
	row->texts_runtime_ns = row->totals.runtime_ns;
	if ((item->question.want & HKI_READ_COMMAND) != 0)
		take_command(table, row);
	if ((item->question.want & HKI_READ_EXECUTABLE) != 0)
		show(table, row, HK_SYSTEM_PROCESS_EXECUTABLE,
		    row->texts.executable_error);
	if ((item->question.want & HKI_READ_DIRECTORY) != 0)
		show(table, row, HK_SYSTEM_PROCESS_WORKING_DIRECTORY,
		    row->texts.directory_error);
	if ((item->question.want & HKI_READ_CGROUP) != 0)
		show(table, row, HK_SYSTEM_PROCESS_CGROUP, row->texts.cgroup_error);
}

static void take_user(struct hki_text_reader *reader, hki_text_item *item)
{
	user_name *user = find_user(reader, item->question.uid);

	if (user == NULL || user->known)
		return;
	user->name = item->texts.block;
	user->known = true;
	item->texts.block = NULL;
}

static void take_item(struct hki_text_reader *reader, hki_text_item *item)
{
	hki_row *row;

	if (item->result < 0)
		return;
	if (item->question.pid == 0) {
		take_user(reader, item);
		return;
	}
	row = find_row(reader->table, item->question.pid, item->question.start_ticks);
	if (row != NULL)
		take_texts(reader->table, row, item);
}

/* ---- batches that come back, or do not ---- */

static void set_pending(
    struct hki_text_reader *reader, const hki_text_question *of, bool pending)
{
	user_name *user;
	hki_row *row;

	if (of->pid == 0) {
		user = find_user(reader, of->uid);
		if (user != NULL)
			user->pending = pending;
		return;
	}
	row = find_row(reader->table, of->pid, of->start_ticks);
	if (row != NULL)
		row->texts_pending = pending;
}

/* It stays pending, so that nobody asks again, until the thread comes back. */
static void note_stuck(struct hki_text_reader *reader, hki_text_batch *batch, size_t at)
{
	for (size_t i = 0; i < STUCK_MAX; i++) {
		stuck_read *stuck = &reader->stuck[i];

		if (stuck->batch != NULL)
			continue;
		atomic_fetch_add(&batch->references, 1);
		stuck->batch = batch;
		stuck->at = batch->items[at].question;
		return;
	}
}

static void batch_done(hki_offload_job *job, int result, void *user)
{
	hki_text_batch *batch = user;
	struct hki_text_reader *reader = batch->reader;
	bool stuck = result == -ETIMEDOUT;
	size_t done;

	(void) job;
	atomic_store(&batch->abandoned, true);
	done = atomic_load(&batch->done);
	reader->under_way--;
	for (size_t i = 0; i < batch->count; i++) {
		if (i < done)
			take_item(reader, &batch->items[i]);
		if (i != done || !stuck)
			set_pending(reader, &batch->items[i].question, false);
	}
	if (stuck && done < batch->count)
		note_stuck(reader, batch, done);
	/* What follows the stuck one is asked for again. */
	if (done < batch->count)
		reader->again = true;
}

static int batch_work(void *user)
{
	hki_text_batch_read(user);
	return 0;
}

static void batch_free(void *user)
{
	hki_text_batch_unref(user);
}

/* Those whose thread has come back may be asked again. */
static void release_stuck(struct hki_text_reader *reader)
{
	for (size_t i = 0; i < STUCK_MAX; i++) {
		stuck_read *stuck = &reader->stuck[i];

		if (stuck->batch == NULL || !atomic_load(&stuck->batch->returned))
			continue;
		set_pending(reader, &stuck->at, false);
		hki_text_batch_unref(stuck->batch);
		stuck->batch = NULL;
	}
}

static bool has_room_to_hang(const struct hki_text_reader *reader)
{
	size_t room = 0;

	for (size_t i = 0; i < STUCK_MAX; i++)
		room += reader->stuck[i].batch == NULL;
	return room > reader->under_way;
}

/* ---- asking ---- */

static void send_batch(struct hki_text_reader *reader)
{
	hki_text_batch *batch = reader->filling;
	hki_offload_opts opts = {
		.deadline_ns = reader->table->opts.details_wait_ns / 2,
		.work = batch_work,
		.done = batch_done,
		.free = batch_free,
		.user = batch,
	};

	reader->filling = NULL;
	if (batch == NULL)
		return;
	batch->reader = reader;
	if (hki_offload_submit(NULL, reader->offload, &opts) == 0) {
		reader->under_way++;
		return;
	}
	for (size_t i = 0; i < batch->count; i++)
		set_pending(reader, &batch->items[i].question, false);
	hki_text_batch_unref(batch);
}

/* A place for one more item; NULL: not before a batch has come back. */
static hki_text_item *next_item(struct hki_text_reader *reader)
{
	if (reader->filling != NULL && reader->filling->count == HKI_TEXT_BATCH_MAX)
		send_batch(reader);
	if (reader->filling == NULL) {
		if (reader->under_way == THREADS || !has_room_to_hang(reader))
			return NULL;
		reader->filling = hki_text_batch_new(reader->table->proc);
		if (reader->filling == NULL)
			return NULL;
	}
	return &reader->filling->items[reader->filling->count++];
}

/* False: no room for the question now. */
static bool ask_user(struct hki_text_reader *reader, hki_row *row)
{
	user_name *user = find_user(reader, row->row.uid);
	hki_text_item *item;

	if (user == NULL)
		user = add_user(reader, row->row.uid);
	if (user == NULL || user->pending)
		return true;
	if (user->known) {
		show_user(reader->table, row, user);
		return true;
	}
	item = next_item(reader);
	if (item == NULL)
		return false;
	item->question.uid = row->row.uid;
	user->pending = true;
	return true;
}

/* Kernel threads run no program, and belong to a cgroup all the same. */
static void show_kernel_thread(hk_system_processes *table, hki_row *row)
{
	row->row.command = (hk_record_strings){ NULL, 0 };
	row->texts_read |= HKI_READ_COMMAND | HKI_READ_EXECUTABLE | HKI_READ_DIRECTORY;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_COMMAND);
}

/* What the row still lacks. */
static uint32_t missing(const hk_system_processes *table, const hki_row *row)
{
	uint32_t want = table->read & HKI_READ_TEXTS & ~row->texts_read;

	return row->has_ids ? want : want & ~(uint32_t) HKI_READ_USER;
}

static bool ask_row(struct hki_text_reader *reader, hki_row *row)
{
	uint32_t want = missing(reader->table, row);
	hki_text_item *item;

	if ((want & HKI_READ_USER) != 0 && !ask_user(reader, row))
		return false;
	if (row->row.kernel)
		show_kernel_thread(reader->table, row);
	want = missing(reader->table, row) & ~(uint32_t) HKI_READ_USER;
	if (want == 0 || row->texts_pending)
		return true;
	item = next_item(reader);
	if (item == NULL)
		return false;
	item->question.pid = row->row.pid;
	item->question.start_ticks = row->row.start_ticks;
	/* All of them: they are one block. */
	item->question.want =
	    reader->table->read & HKI_READ_TEXTS & ~(uint32_t) HKI_READ_USER;
	row->texts_pending = true;
	return true;
}

static bool is_old(const hk_system_processes *table, const hki_row *row)
{
	return row->texts_time_ns != 0 &&
	       table->now_ns - row->texts_time_ns > AGE_MAX_NS &&
	       row->totals.runtime_ns != row->texts_runtime_ns &&
	       row->row.state != HK_SYSTEM_STATE_ZOMBIE;
}

/* Ask for as much as there is room for; false: there are more rows to ask for. */
static bool ask_all(struct hki_text_reader *reader, size_t *at)
{
	const hki_rows *rows = &reader->table->rows;

	for (; *at < rows->count; (*at)++) {
		hki_row *row = rows->items[*at];

		if (is_old(reader->table, row))
			row->texts_read &= HKI_READ_USER;
		if (missing(reader->table, row) != 0 && !ask_row(reader, row))
			return false;
	}
	send_batch(reader);
	return true;
}

static int wait_ms(uint64_t deadline_ns)
{
	uint64_t now_ns = hki_clock_monotonic_ns();

	if (now_ns >= deadline_ns)
		return 0;
	return (int) ((deadline_ns - now_ns + HKI_NS_PER_MS - 1) / HKI_NS_PER_MS);
}

static void ask_and_wait(struct hki_text_reader *reader)
{
	uint64_t deadline_ns =
	    hki_clock_monotonic_ns() + reader->table->opts.details_wait_ns;
	size_t at = 0;

	for (;;) {
		int left_ms;

		if (reader->again)
			at = 0;
		reader->again = false;
		(void) ask_all(reader, &at);
		left_ms = wait_ms(deadline_ns);
		if (reader->under_way == 0 || left_ms == 0 ||
		    hk_loop_run_once(reader->loop, left_ms) < 0)
			return;
	}
}

static void settle_user(hk_system_processes *table, hki_row *row)
{
	user_name *user;

	if (table->texts == NULL || (missing(table, row) & HKI_READ_USER) == 0)
		return;
	user = find_user(table->texts, row->row.uid);
	if (user != NULL && user->known)
		show_user(table, row, user);
}

/* What could not be read in time.  Words that are not there yet are no such thing. */
static bool is_stale(const hk_system_processes *table, const hki_row *row)
{
	uint32_t late = missing(table, row);

	if (row->wordless_since_ns != 0)
		late &= ~(uint32_t) HKI_READ_COMMAND;
	return late != 0;
}

/* Names that came in last, and the rows that could not be served. */
static void settle(hk_system_processes *table)
{
	table->stale_count = 0;
	for (size_t i = 0; i < table->rows.count; i++) {
		hki_row *row = table->rows.items[i];

		settle_user(table, row);
		row->row.stale = is_stale(table, row);
		table->stale_count += row->row.stale;
		hki_row_set(table, row, HK_SYSTEM_PROCESS_STALE);
	}
	for (size_t i = 0; i < table->exited.count; i++)
		settle_user(table, table->exited.items[i]);
}

/* ---- opening and closing ---- */

static void close_reader(struct hki_text_reader *reader)
{
	if (reader == NULL)
		return;
	hki_offload_free(reader->offload);
	hk_loop_free(reader->loop);
	hki_text_batch_unref(reader->filling);
	for (size_t i = 0; i < STUCK_MAX; i++)
		hki_text_batch_unref(reader->stuck[i].batch);
	for (size_t i = 0; i < reader->user_count; i++)
		hki_free(reader->users[i].name);
	hki_free(reader->users);
	hki_free(reader);
}

static int open_reader(hk_system_processes *table)
{
	struct hki_text_reader *reader = hki_zalloc(sizeof(*reader));
	int r;

	if (reader == NULL)
		return -ENOMEM;
	reader->table = table;
	r = hk_loop_new(&reader->loop);
	if (r == 0)
		r = hki_offload_new(&reader->offload, reader->loop, THREADS);
	if (r < 0) {
		close_reader(reader);
		return r;
	}
	table->texts = reader;
	return 0;
}

void hki_texts_close(hk_system_processes *table)
{
	close_reader(table->texts);
	table->texts = NULL;
}

void hki_texts_collect(hk_system_processes *table)
{
	if ((table->read & HKI_READ_TEXTS) == 0)
		return;
	if (table->texts != NULL || open_reader(table) == 0) {
		release_stuck(table->texts);
		ask_and_wait(table->texts);
	}
	settle(table);
}
