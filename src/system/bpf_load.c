/*
 * Bringing the walk over all tasks into the kernel, with bpf(2) alone.
 *
 * What is committed is not the program but a loader of it ("light skeleton"): a
 * program of its own that the kernel runs once on our behalf.  It creates the
 * map, has the kernel relocate the walk to its own types, and hands back two
 * descriptors.  So nothing of the relocation is done here, and no library is
 * needed; the price is Linux 5.17, older kernels take another engine.
 */
#include "system/bpf_load.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "system/bpf/tasks_program.h"

/* What the loader reads and writes; its layout is that of the skeleton. */
typedef struct loader_context {
	uint32_t size;
	uint32_t flags;
	uint32_t log_level;
	uint32_t log_size;
	uint64_t log;
	/* the map with the program's variables */
	int32_t map;
	uint32_t max_entries;
	uint64_t initial_value; /* where its first content is */
	/* the walk */
	int32_t program;
	int32_t padding;
} loader_context;

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	long r = syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return r < 0 ? -errno : (int) r;
}

static int create_array(uint32_t value_size)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = sizeof(uint32_t);
	attributes.value_size = value_size;
	attributes.max_entries = 1;
	return bpf(BPF_MAP_CREATE, &attributes);
}

static int write_array(int map, const void *value)
{
	union bpf_attr attributes;
	uint32_t key = 0;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = (uint32_t) map;
	attributes.key = (uintptr_t) &key;
	attributes.value = (uintptr_t) value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

/* The loader finds its data in the map given here. */
static int load_loader(int data)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_SYSCALL;
	attributes.insns = (uintptr_t) hki_tasks_loader;
	attributes.insn_cnt = sizeof(hki_tasks_loader) / sizeof(struct bpf_insn);
	attributes.license = (uintptr_t) "Dual MIT/GPL";
	attributes.fd_array = (uintptr_t) &data;
	attributes.prog_flags = BPF_F_SLEEPABLE;
	return bpf(BPF_PROG_LOAD, &attributes);
}

static int run_loader(int loader, loader_context *context)
{
	union bpf_attr attributes;
	int r;

	memset(&attributes, 0, sizeof(attributes));
	attributes.test.prog_fd = (uint32_t) loader;
	attributes.test.ctx_in = (uintptr_t) context;
	attributes.test.ctx_size_in = offsetof(loader_context, padding);
	r = bpf(BPF_PROG_RUN, &attributes);
	return r < 0 ? r : (int) attributes.test.retval;
}

static int link_walk(int program)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.link_create.prog_fd = (uint32_t) program;
	attributes.link_create.attach_type = BPF_TRACE_ITER;
	return bpf(BPF_LINK_CREATE, &attributes);
}

/* One step failed: remember its name. */
static int failed(const char **why, const char *step, int r)
{
	*why = step;
	if (r == -EPERM || r == -EACCES)
		return -EPERM;
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return r;
	return -EOPNOTSUPP;
}

/* Make the map and the program; on success they are in @context. */
static int load(loader_context *context, const char **why)
{
	hki_cleanup(hki_closep) int data = create_array(sizeof(hki_tasks_data));
	hki_cleanup(hki_closep) int loader = -1;
	int r;

	if (data < 0)
		return failed(why, "the kernel refuses BPF maps", data);
	r = write_array(data, hki_tasks_data);
	if (r < 0)
		return failed(why, "the kernel refuses BPF maps", r);
	loader = load_loader(data);
	if (loader < 0)
		return failed(
		    why, "the kernel refuses BPF programs (Linux 5.14)", loader);
	r = run_loader(loader, context);
	if (r < 0)
		return failed(
		    why, "the kernel refuses the walk (Linux 5.17 with BTF)", r);
	return 0;
}

/* Maps of variables can be mapped by whoever loads them. */
static int map_control(hki_bpf_tasks *tasks)
{
	void *mapping = mmap(NULL, sizeof(*tasks->control), PROT_READ | PROT_WRITE,
	    MAP_SHARED, tasks->map, 0);

	if (mapping == MAP_FAILED)
		return -errno;
	tasks->control = mapping;
	return 0;
}

int hki_bpf_tasks_open(hki_bpf_tasks *out, const char **why)
{
	struct hki_tasks_control control = { 0 };
	loader_context context = {
		.size = offsetof(loader_context, padding),
		.initial_value = (uintptr_t) &control,
	};
	hki_bpf_tasks tasks = HKI_BPF_TASKS_NULL;
	int r = load(&context, why);

	if (r < 0)
		return r;
	tasks.map = context.map;
	tasks.program = context.program;
	r = map_control(&tasks);
	if (r < 0) {
		r = failed(why, "the kernel does not share BPF maps", r);
		hki_bpf_tasks_close(&tasks);
		return r;
	}
	tasks.link = link_walk(tasks.program);
	if (tasks.link < 0) {
		r = failed(
		    why, "the kernel has no walk over tasks (Linux 5.8)", tasks.link);
		hki_bpf_tasks_close(&tasks);
		return r;
	}
	*out = tasks;
	return 0;
}

void hki_bpf_tasks_close(hki_bpf_tasks *tasks)
{
	if (tasks->control != NULL)
		(void) munmap(tasks->control, sizeof(*tasks->control));
	hki_closep(&tasks->link);
	hki_closep(&tasks->program);
	hki_closep(&tasks->map);
	*tasks = (hki_bpf_tasks) HKI_BPF_TASKS_NULL;
}

int hki_bpf_tasks_walk(hki_bpf_tasks *tasks, uint32_t wanted)
{
	union bpf_attr attributes;

	tasks->control->wanted = wanted;
	memset(&attributes, 0, sizeof(attributes));
	attributes.iter_create.link_fd = (uint32_t) tasks->link;
	return bpf(BPF_ITER_CREATE, &attributes);
}
