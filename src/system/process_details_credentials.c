/*
 * What a process may do: ids, groups, capabilities, seccomp and the masks of
 * its signals, from the lines of /proc/PID/status, and the label of the security
 * module.
 */
#include "system/process_details.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "os/procfs.h"

/* A status with 65536 groups, the most there can be. */
#define STATUS_MAX (1U << 20)

static const char *const seccomp_names[] = { "off", "strict", "filter", NULL };

enum {
	UID,
	EFFECTIVE_UID,
	SAVED_UID,
	FILESYSTEM_UID,
	GID,
	EFFECTIVE_GID,
	SAVED_GID,
	FILESYSTEM_GID,
	GROUPS,
	EFFECTIVE,
	PERMITTED,
	INHERITABLE,
	BOUNDING,
	AMBIENT,
	LABEL,
	SECCOMP,
	NO_NEW_PRIVILEGES,
	BLOCKED,
	IGNORED,
	CAUGHT,
	PENDING,
	FIELDS
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_credentials, member)
#define ID(index, member, heading, sentence)                                                      \
	[index] = { .name = #member, .title = heading, .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER, \
	    .help = sentence, AT(member) }
#define TEXTS(index, member, heading, sentence)                                                   \
	[index] = { .name = #member, .title = heading, .kind = HK_RECORD_STRINGS, .help = sentence, AT(member) }
static const hk_record_field fields[FIELDS] = {
	ID(UID, uid, "user", "real user"),
	ID(EFFECTIVE_UID, effective_uid, "effective user", "user whose rights it has"),
	ID(SAVED_UID, saved_uid, "saved user", "user it may become again"),
	ID(FILESYSTEM_UID, filesystem_uid, "user for files", "user it is to file systems"),
	ID(GID, gid, "group", "real group"),
	ID(EFFECTIVE_GID, effective_gid, "effective group", "group whose rights it has"),
	ID(SAVED_GID, saved_gid, "saved group", "group it may become again"),
	ID(FILESYSTEM_GID, filesystem_gid, "group for files", "group it is to file systems"),
	TEXTS(GROUPS, groups, "groups", "supplementary groups"),
	TEXTS(EFFECTIVE, capabilities_effective, "capabilities, effective", "capabilities in force"),
	TEXTS(PERMITTED, capabilities_permitted, "capabilities, permitted", "capabilities it may put in force"),
	TEXTS(INHERITABLE, capabilities_inheritable, "capabilities, inheritable", "capabilities kept over exec, if the file agrees"),
	TEXTS(BOUNDING, capabilities_bounding, "capabilities, bounding", "capabilities it can ever get"),
	TEXTS(AMBIENT, capabilities_ambient, "capabilities, ambient", "capabilities kept over exec of any file"),
	[LABEL] = { .name = "security_label", .title = "security label", .kind = HK_RECORD_STRING,
	    .help = "label of the security module", AT(security_label) },
	[SECCOMP] = { .name = "seccomp", .title = "seccomp", .kind = HK_RECORD_ENUM, .names = seccomp_names,
	    .help = "are its system calls filtered", AT(seccomp) },
	[NO_NEW_PRIVILEGES] = { .name = "no_new_privileges", .title = "no new privileges", .kind = HK_RECORD_BOOL,
	    .help = "exec gives it no rights", AT(no_new_privileges) },
	TEXTS(BLOCKED, signals_blocked, "signals blocked", "signals its main thread holds back"),
	TEXTS(IGNORED, signals_ignored, "signals ignored", "signals it ignores"),
	TEXTS(CAUGHT, signals_caught, "signals caught", "signals it handles"),
	TEXTS(PENDING, signals_pending, "signals pending", "signals that wait for it"),
};

static const char *const capability_names[] = {
	"cap_chown", "cap_dac_override", "cap_dac_read_search", "cap_fowner", "cap_fsetid",
	"cap_kill", "cap_setgid", "cap_setuid", "cap_setpcap", "cap_linux_immutable",
	"cap_net_bind_service", "cap_net_broadcast", "cap_net_admin", "cap_net_raw",
	"cap_ipc_lock", "cap_ipc_owner", "cap_sys_module", "cap_sys_rawio", "cap_sys_chroot",
	"cap_sys_ptrace", "cap_sys_pacct", "cap_sys_admin", "cap_sys_boot", "cap_sys_nice",
	"cap_sys_resource", "cap_sys_time", "cap_sys_tty_config", "cap_mknod", "cap_lease",
	"cap_audit_write", "cap_audit_control", "cap_setfcap", "cap_mac_override",
	"cap_mac_admin", "cap_syslog", "cap_wake_alarm", "cap_block_suspend",
	"cap_audit_read", "cap_perfmon", "cap_bpf", "cap_checkpoint_restore",
};
/* clang-format on */

const hk_record_type hk_system_credentials_type = {
	.name = "credentials",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_credentials),
};

/* ---- bits as names ---- */

#define NAME_MAX_BYTES 24

static const char *capability_name(char out[NAME_MAX_BYTES], unsigned int bit)
{
	if (bit < HKI_COUNT(capability_names))
		return capability_names[bit];
	(void) snprintf(out, NAME_MAX_BYTES, "cap_%u", bit); /* of a newer kernel */
	return out;
}

static const char *signal_name(char out[NAME_MAX_BYTES], unsigned int bit)
{
	static const char *const names[] = { "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL",
		"SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
		"SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD",
		"SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG",
		"SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",
		"SIGPWR", "SIGSYS" };

	if (bit < HKI_COUNT(names))
		return names[bit];
	(void) snprintf(out, NAME_MAX_BYTES, "SIGRTMIN+%u", bit + 1 - 32);
	return out;
}

typedef const char *(*name_fn)(char out[NAME_MAX_BYTES], unsigned int bit);

/* The names of the bits of a hexadecimal mask.  0 or -ENOMEM. */
static int add_bits(hk_record_strings *out, hk_record *record, unsigned int field,
    hki_details_reading *reading, const char *at, name_fn name)
{
	hki_texts texts = { .items = NULL };
	hki_arena *arena = &reading->result->arena;
	uint64_t mask;

	if (!hki_details_number(&mask, at, 16))
		return 0;
	for (unsigned int bit = 0; bit < 64; bit++) {
		char own[NAME_MAX_BYTES];
		const char *text;

		if ((mask >> bit & 1) == 0)
			continue;
		text = hki_arena_string(arena, name(own, bit));
		if (text == NULL || !hki_texts_add(&texts, arena, text))
			return -ENOMEM;
	}
	*out = (hk_record_strings){ texts.items, texts.count };
	hk_record_set(record, field);
	return 0;
}

static int add_masks(
    hk_system_credentials *out, hki_details_reading *reading, const char *text)
{
	const struct mask {
		const char *key;
		unsigned int field;
		hk_record_strings *into;
		name_fn name;
	} masks[] = {
		{ "CapEff:", EFFECTIVE, &out->capabilities_effective, capability_name },
		{ "CapPrm:", PERMITTED, &out->capabilities_permitted, capability_name },
		{ "CapInh:", INHERITABLE, &out->capabilities_inheritable,
		    capability_name },
		{ "CapBnd:", BOUNDING, &out->capabilities_bounding, capability_name },
		{ "CapAmb:", AMBIENT, &out->capabilities_ambient, capability_name },
		{ "SigBlk:", BLOCKED, &out->signals_blocked, signal_name },
		{ "SigIgn:", IGNORED, &out->signals_ignored, signal_name },
		{ "SigCgt:", CAUGHT, &out->signals_caught, signal_name },
		{ "ShdPnd:", PENDING, &out->signals_pending, signal_name },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < HKI_COUNT(masks); i++)
		r = add_bits(masks[i].into, &out->record, masks[i].field, reading,
		    hki_details_line(text, masks[i].key), masks[i].name);
	return r;
}

/* ---- ids ---- */

/* "Uid:	real	effective	saved	filesystem" */
static void add_ids(
    hk_record *record, const char *at, uint32_t *const into[4], unsigned int field)
{
	for (unsigned int i = 0; i < 4 && at != NULL; i++) {
		uint64_t number;

		at += strspn(at, " \t");
		if (!hki_details_number(&number, at, 10))
			return;
		*into[i] = (uint32_t) number;
		hk_record_set(record, field + i);
		at += strspn(at, "0123456789");
	}
}

static int add_groups(
    hk_system_credentials *out, hki_details_reading *reading, const char *at)
{
	hki_texts texts = { .items = NULL };
	hki_arena *arena = &reading->result->arena;

	if (at == NULL)
		return 0;
	for (;;) {
		size_t length;
		const char *text;

		at += strspn(at, " \t");
		length = strspn(at, "0123456789");
		if (length == 0)
			break;
		text = hki_arena_text(arena, at, length);
		if (text == NULL || !hki_texts_add(&texts, arena, text))
			return -ENOMEM;
		at += length;
	}
	out->groups = (hk_record_strings){ texts.items, texts.count };
	hk_record_set(&out->record, GROUPS);
	return 0;
}

int hki_details_credentials_parse(
    hk_system_credentials *out, hki_details_reading *reading, const char *text)
{
	uint32_t *const users[] = { &out->uid, &out->effective_uid, &out->saved_uid,
		&out->filesystem_uid };
	uint32_t *const groups[] = { &out->gid, &out->effective_gid, &out->saved_gid,
		&out->filesystem_gid };
	uint64_t number;
	int r;

	add_ids(&out->record, hki_details_line(text, "Uid:"), users, UID);
	add_ids(&out->record, hki_details_line(text, "Gid:"), groups, GID);
	if (hki_details_number(&number, hki_details_line(text, "Seccomp:"), 10) &&
	    number <= HK_SYSTEM_SECCOMP_FILTER) {
		out->seccomp = (int32_t) number;
		hk_record_set(&out->record, SECCOMP);
	}
	if (hki_details_number(&number, hki_details_line(text, "NoNewPrivs:"), 10)) {
		out->no_new_privileges = number != 0;
		hk_record_set(&out->record, NO_NEW_PRIVILEGES);
	}
	r = add_groups(out, reading, hki_details_line(text, "Groups:"));
	return r < 0 ? r : add_masks(out, reading, text);
}

static int add_label(hk_system_credentials *out, hki_details_reading *reading)
{
	char text[4096];
	int r =
	    hki_read_file(reading->directory, "attr/current", text, sizeof(text), NULL);

	if (r == -EACCES || r == -EPERM)
		hk_record_deny(&out->record, LABEL);
	/* Without a security module there is no such thing, or it cannot be read. */
	if (r < 0 || text[0] == '\0')
		return 0;
	text[strcspn(text, "\n")] = '\0';
	out->security_label = hki_details_text(reading, text);
	hk_record_set(&out->record, LABEL);
	return out->security_label != NULL ? 0 : -ENOMEM;
}

int hki_details_read_credentials(hki_details_reading *reading)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hk_system_credentials *out = &reading->result->details.credentials;
	int r = hki_details_file(&text, reading->directory, "status", STATUS_MAX);

	if (r == 0 && text.data == NULL)
		r = -ENODATA;
	if (r == 0)
		r = hki_details_credentials_parse(out, reading, text.data);
	return r < 0 ? r : add_label(out, reading);
}
