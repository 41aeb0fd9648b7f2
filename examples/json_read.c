/*
 * Read a message: what is there, what is absent, and where it is wrong.  One document
 * serves all messages, so reading allocates nothing once it has seen a few.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/json.h>

static const char *const messages[] = {
	"{\"id\":9007199254740993, \"jobs\":[{\"name\":\"gr\\u00fcn\",\"share\":0.5}]}",
	"{\"id\":1e3, \"jobs\":[]}",
	"{\"id\":2.5}",
	"{\"id\":3,\n \"jobs\":[1, 2,]}",
};

static void show_jobs(const hk_json *jobs)
{
	hk_json_iterator each = hk_json_iterate(jobs);
	const hk_json *job;
	double share;

	while ((job = hk_json_next(&each)) != NULL) {
		printf("  %s", hk_json_get_string(hk_json_member(job, "name"), NULL));
		if (hk_json_get_double(&share, hk_json_member(job, "share")) == 0)
			printf(": %g", share);
		printf("\n");
	}
}

static void show(const hk_json *message)
{
	int64_t id;
	int r = hk_json_get_int64(&id, hk_json_member(message, "id"));

	if (r < 0)
		printf("no id: %s\n", hk_error_name(r));
	else
		printf("message %" PRId64 "\n", id);
	show_jobs(hk_json_member(message, "jobs"));
	/* A path into nothing is nothing, and every function takes it. */
	if (hk_json_is_string(hk_json_at(message, "jobs[0].name"), "gr\xc3\xbcn"))
		printf("  the first is green\n");
}

int main(void)
{
	hk_json_document *document;
	int r = hk_json_document_new(&document, NULL);

	if (r < 0)
		return fprintf(stderr, "no document: %s\n", hk_error_text(r)), 1;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const hk_json_error *error;

		if (hk_json_parse(document, messages[i], strlen(messages[i])) == 0) {
			show(hk_json_root(document));
			continue;
		}
		error = hk_json_document_error(document);
		printf("line %zu, column %zu: %s\n", error->line, error->column,
		    error->reason);
	}
	hk_json_document_free(document);
}
