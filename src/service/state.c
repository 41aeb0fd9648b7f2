#include "service/project.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "service/service_internal.h"

/*
 * What a supervisor writes down, so that the next one finds what it would leave
 * behind if it were killed this moment: lines of words, in an order a person
 * can read.
 *
 *     hostkit-state 1
 *     boot BOOT_ID
 *     supervisor PID@START:INODE
 *     project PATH
 *     instance SERVICE NUMBER RESTARTS PID@START:INODE [CGROUP]
 *
 * Identities mean nothing after a reboot, so nothing here needs to survive one:
 * the file is replaced by rename, and never flushed to disk.
 */

#define STATE_MAX ((size_t) 4 * 1024 * 1024)

static void file_name(char out[64], const char *key, const char *suffix)
{
	(void) snprintf(out, 64, "%s.%s", key, suffix);
}

int hki_state_begin(hki_buffer *out, const hk_service_project *project)
{
	char identity[HK_PROCESS_ID_TEXT_MAX] = "0";
	hk_process_id id;

	if (hk_process_id_read(&id, getpid()) == 0)
		(void) hk_process_id_format(identity, sizeof(identity), &id);
	return hki_buffer_append_format(out,
	    "hostkit-state 1\nboot %s\nsupervisor %s\nproject %s\n", project->boot_id,
	    identity, project->path);
}

int hki_state_write(int directory_fd, const char *key, const char *text, size_t length)
{
	hki_cleanup(hki_closep) int fd = -1;
	char name[64];
	char fresh[64];

	file_name(name, key, "state");
	file_name(fresh, key, "state.new");
	/* We hold the project's lock: nobody else writes this. */
	fd = openat(directory_fd, fresh,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	while (length > 0) {
		ssize_t done = write(fd, text, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		length -= (size_t) done;
	}
	if (renameat(directory_fd, fresh, directory_fd, name) < 0)
		return -errno;
	return 0;
}

int hki_state_read(char **out, int directory_fd, const char *key)
{
	hki_cleanup(hki_closep) int fd = -1;
	hki_cleanup(hki_freep) char *text = NULL;
	struct stat status;
	char name[64];
	size_t length = 0;

	file_name(name, key, "state");
	fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || (size_t) status.st_size > STATE_MAX)
		return HK_EPARSE;
	text = hki_alloc((size_t) status.st_size + 1);
	if (text == NULL)
		return -ENOMEM;
	while (length < (size_t) status.st_size) {
		ssize_t got = read(fd, text + length, (size_t) status.st_size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t) got;
	}
	text[length] = '\0';
	*out = hki_take(text);
	return 0;
}

void hki_state_remove(int directory_fd, const char *key)
{
	char name[64];

	file_name(name, key, "state");
	(void) unlinkat(directory_fd, name, 0);
}

static bool read_row(hki_state_row *row, char *line)
{
	char identity[HK_PROCESS_ID_TEXT_MAX];
	int used = 0;

	if (sscanf(line, "instance %64s %u %u %63s%n", row->service, &row->instance,
		&row->restarts, identity, &used) != 4)
		return false;
	if (hk_process_id_parse(&row->id, identity) < 0 || row->id.pid <= 1 ||
	    row->id.start_ticks == 0)
		return false;
	row->cgroup = line[used] == ' ' && line[used + 1] == '/' ? line + used + 1 : NULL;
	return true;
}

void hki_state_each(char *text, const char *boot_id,
    void (*visit)(const hki_state_row *row, void *user), void *user)
{
	bool this_boot = false;
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		hki_state_row row;

		if (strncmp(line, "boot ", 5) == 0)
			this_boot = strcmp(line + 5, boot_id) == 0;
		else if (this_boot && read_row(&row, line))
			visit(&row, user);
	}
}

/* ---- writing while a set runs ---- */

struct hki_project_writing {
	hk_service_project *project;
	hk_service_set *set;
	int directory_fd; /* a duplicate: the job may outlive the project */
	char key[HKI_PROJECT_KEY_LENGTH + 1];
	hki_buffer text;
};

static void writing_free(void *user)
{
	struct hki_project_writing *writing = user;

	hki_closep(&writing->directory_fd);
	hki_buffer_deinit(&writing->text);
	hki_free(writing);
}

static int work(void *user)
{
	const struct hki_project_writing *writing = user;

	return hki_state_write(writing->directory_fd, writing->key, writing->text.data,
	    writing->text.length);
}

static void written(hki_offload_job *job, int result, void *user)
{
	struct hki_project_writing *writing = user;
	hk_service_project *project = writing->project;
	hk_service_set *set = writing->set;

	(void) job;
	if (result == -ECANCELED)
		return;
	project->writing = NULL;
	if (project->again) {
		set->journal_due = true;
		hki_project_note(project, set);
	}
}

static int append_instance(hki_buffer *text, const hki_instance *instance)
{
	char identity[HK_PROCESS_ID_TEXT_MAX];
	const char *cgroup;

	if (instance->process == NULL || instance->started_ns == 0)
		return 0;
	cgroup = hk_process_get_cgroup(instance->process);
	(void) hk_process_id_format(identity, sizeof(identity), &instance->id);
	return hki_buffer_append_format(text, "instance %s %u %u %s%s%s\n",
	    instance->service->description.name, instance->number, instance->restarts,
	    identity, cgroup != NULL ? " " : "", cgroup != NULL ? cgroup : "");
}

static int append_instances(hki_buffer *text, const hk_service_set *set)
{
	for (const hki_list *node = set->services.next; node != &set->services;
	     node = node->next) {
		const hki_service *service = hki_list_entry(node, hki_service, node);

		for (size_t i = 0; i < service->instance_count; i++) {
			int r = append_instance(text, service->instances[i]);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static struct hki_project_writing *compose(
    hk_service_project *project, hk_service_set *set)
{
	struct hki_project_writing *writing = hki_zalloc(sizeof(*writing));

	if (writing == NULL)
		return NULL;
	writing->project = project;
	writing->set = set;
	memcpy(writing->key, project->key, sizeof(writing->key));
	writing->directory_fd = fcntl(project->directory_fd, F_DUPFD_CLOEXEC, 3);
	if (writing->directory_fd < 0 || hki_state_begin(&writing->text, project) < 0 ||
	    append_instances(&writing->text, set) < 0) {
		writing_free(writing);
		return NULL;
	}
	return writing;
}

/* A note that cannot be written is no reason to stop supervising: leftovers are
 * found by their environment too. */
void hki_project_note(hk_service_project *project, hk_service_set *set)
{
	hki_offload_opts opts = {
		.resource = "state", .work = work, .done = written, .free = writing_free
	};

	if (!set->journal_due)
		return;
	set->journal_due = false;
	project->again = project->writing != NULL;
	if (project->again || hki_set_offload(set) < 0)
		return;
	project->writing = compose(project, set);
	if (project->writing == NULL)
		return;
	opts.user = project->writing;
	if (hki_offload_submit(NULL, set->offload, &opts) < 0) {
		writing_free(project->writing);
		project->writing = NULL;
	}
}
