/*
 * Writing down what runs.
 *
 * The supervisor knows what is alive; the journal is that knowledge for whoever
 * comes after it.  Lines are appended as things happen, and once crossed-out
 * lines outweigh the others by far the file is written anew, so that a program
 * that restarts for years does not fill a disk.
 */
#include "service/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "os/procfs.h"
#include "service/project_internal.h"

/* Below this nobody minds what is crossed out. */
#define COMPACT_BYTES 65536

/* The first line: identities mean something until the next boot. */
static int append_boot(hki_buffer *text)
{
	char boot_id[HKI_BOOT_ID_MAX];
	int r = hki_boot_id_read(boot_id);

	return r < 0 ? r : hki_buffer_append_format(text, "boot %s\n", boot_id);
}

static void write_anew(hk_service_project *project)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r = append_boot(&text);

	for (hki_list *node = project->alive.next; r >= 0 && node != &project->alive;
	     node = node->next) {
		hki_project_process *process =
		    hki_list_entry(node, hki_project_process, node);

		r = hki_buffer_append(&text, process->line, process->length);
	}
	if (r >= 0 && hki_journal_replace(project->journal, text.data, text.length) >= 0)
		project->written_bytes = text.length;
}

static void append(hk_service_project *project, const char *line, size_t length)
{
	if (project->journal == NULL) {
		if (hki_journal_new(&project->journal, project->journal_path) < 0)
			return;
		write_anew(project);
		return;
	}
	if (project->written_bytes > COMPACT_BYTES + 4 * project->alive_bytes)
		write_anew(project);
	else if (hki_journal_append(project->journal, line, length) >= 0)
		project->written_bytes += length;
}

void hki_project_started(hk_service_project *project, const hk_process_id *id,
    const char *service, unsigned int instance, const char *cgroup)
{
	hki_cleanup(hki_freep) char *line = NULL;
	char identity[HK_PROCESS_ID_TEXT_MAX];
	hki_project_process *process;
	size_t length;

	if (project == NULL)
		return;
	if (cgroup == NULL || strchr(cgroup, '\n') != NULL)
		cgroup = "-";
	(void) hk_process_id_format(identity, sizeof(identity), id);
	line = hki_format("+ %s %s %u %s\n", identity, service, instance, cgroup);
	if (line == NULL)
		return;
	length = strlen(line);
	process = hki_alloc(sizeof(*process) + length + 1);
	if (process == NULL)
		return;
	process->id = *id;
	process->length = length;
	memcpy(process->line, line, length + 1);
	hki_list_append(&project->alive, &process->node);
	project->alive_bytes += length;
	append(project, line, length);
}

static hki_project_process *find(hk_service_project *project, const hk_process_id *id)
{
	for (hki_list *node = project->alive.next; node != &project->alive;
	     node = node->next) {
		hki_project_process *process =
		    hki_list_entry(node, hki_project_process, node);

		if (process->id.pid == id->pid &&
		    process->id.start_ticks == id->start_ticks &&
		    process->id.inode == id->inode)
			return process;
	}
	return NULL;
}

void hki_project_ended(hk_service_project *project, const hk_process_id *id)
{
	char identity[HK_PROCESS_ID_TEXT_MAX];
	char line[HK_PROCESS_ID_TEXT_MAX + 4];
	hki_project_process *process;

	if (project == NULL)
		return;
	process = find(project, id);
	if (process == NULL)
		return;
	hki_list_remove(&process->node);
	project->alive_bytes -= process->length;
	hki_free(process);
	(void) hk_process_id_format(identity, sizeof(identity), id);
	append(project, line, (size_t) snprintf(line, sizeof(line), "- %s\n", identity));
}
