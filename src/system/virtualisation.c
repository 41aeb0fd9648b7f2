/*
 * What we run in.  A hypervisor names itself to the processor's guest (cpuid), or
 * in the tables of the firmware; a container leaves marks in the files of its
 * first process.  Nothing here proves that there is none.
 */
#include <errno.h>
#include <string.h>
#include "base/array.h"
#include "os/arch/arch.h"
#include "system/os.h"

typedef struct sign {
	const char *text;
	const char *name;
} sign;

/* The twelve letters of cpuid leaf 0x40000000. */
static const sign signatures[] = {
	{ "KVMKVMKVM", "kvm" },
	{ "Linux KVM Hv", "kvm" },
	{ "TCGTCGTCGTCG", "qemu" },
	{ "VMwareVMware", "vmware" },
	{ "Microsoft Hv", "microsoft" },
	{ "bhyve bhyve ", "bhyve" },
	{ "XenVMMXenVMM", "xen" },
	{ "VBoxVBoxVBox", "oracle" },
	{ "ACRNACRNACRN", "acrn" },
	{ " lrpepyh  vr", "parallels" },
	{ "prl hyperv  ", "parallels" },
	{ "QNXQVMBSQG", "qnx" },
	{ "SRESRESRESRE", "sre" },
};

/* Beginnings of what firmware tables say. */
static const sign firmware[] = {
	{ "KVM", "kvm" },
	{ "OpenStack", "kvm" },
	{ "KubeVirt", "kvm" },
	{ "Hetzner vServer", "kvm" },
	{ "Amazon EC2", "amazon" },
	{ "Google Compute Engine", "google" },
	{ "QEMU", "qemu" },
	{ "VMware", "vmware" },
	{ "VMW", "vmware" },
	{ "innotek GmbH", "oracle" },
	{ "VirtualBox", "oracle" },
	{ "Xen", "xen" },
	{ "Bochs", "bochs" },
	{ "Parallels", "parallels" },
	{ "BHYVE", "bhyve" },
	{ "Hyper-V", "microsoft" },
	{ "Virtual Machine", "microsoft" },
	{ "Apple Virtualization", "apple" },
};

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static const char *name_of(const char *signature)
{
	for (size_t i = 0; i < HKI_COUNT(signatures); i++)
		if (begins_with(signature, signatures[i].text))
			return signatures[i].name;
	return "unknown";
}

static bool find_by_firmware(char *out, size_t capacity, const hk_system *system)
{
	static const char *const files[] = { "product_name", "sys_vendor", "board_vendor",
		"bios_vendor", "product_version" };
	char path[64];
	char text[128];

	for (size_t i = 0; i < HKI_COUNT(files); i++) {
		if (hki_path(path, sizeof(path), "/sys/class/dmi/id/%s", files[i]) < 0 ||
		    hki_file_line(system, path, text, sizeof(text)) < 0)
			continue;
		for (size_t j = 0; j < HKI_COUNT(firmware); j++) {
			if (!begins_with(text, firmware[j].text))
				continue;
			hki_scan_copy(out, capacity, hki_scan_text(firmware[j].name));
			return true;
		}
	}
	return false;
}

/* Xen, and processors that have no cpuid. */
static bool find_by_kernel(char *out, size_t capacity, hk_system *system)
{
	char text[128];

	if (hki_file_line(system, "/sys/hypervisor/type", text, sizeof(text)) == 0 &&
	    text[0] != '\0') {
		hki_scan_copy(out, capacity, hki_scan_text(text));
		return true;
	}
	if (hki_file_line(system, "/proc/device-tree/hypervisor/compatible", text,
		sizeof(text)) == 0) {
		hki_scan_copy(out, capacity,
		    hki_scan_text(begins_with(text, "linux,kvm") ? "kvm"
				  : begins_with(text, "xen")     ? "xen"
				  : begins_with(text, "vmware")  ? "vmware"
								 : "unknown"));
		return true;
	}
	return false;
}

void hki_virtualisation_find(char *out, size_t capacity, hk_system *system)
{
	char signature[HKI_ARCH_HYPERVISOR_MAX];
	char release[128] = "";
	int simulated = system->live ? hki_arch_hypervisor(signature) : -ENOTSUP;

	out[0] = '\0';
	(void) hki_file_line(
	    system, "/proc/sys/kernel/osrelease", release, sizeof(release));
	if (strcasestr(release, "microsoft") != NULL) {
		hki_scan_copy(out, capacity, hki_scan_text("wsl"));
		return;
	}
	/* The firmware of a cloud says more than "kvm", but its machine may be real: whether
	 * it is simulated is for the processor to say, if it can. */
	if (simulated == 0 || find_by_firmware(out, capacity, system))
		return;
	if (simulated == 1)
		hki_scan_copy(out, capacity, hki_scan_text(name_of(signature)));
	else
		(void) find_by_kernel(out, capacity, system);
}

/* ---- containers ---- */

/* Parts of the path of a cgroup. */
static const sign cgroup_parts[] = {
	{ "/docker", "docker" },
	{ "/kubepods", "kubernetes" },
	{ "/libpod", "podman" },
	{ "/lxc", "lxc" },
	{ "/machine.slice/machine-", "systemd-nspawn" },
	{ "/ecs/", "ecs" },
};

static bool exists(const hk_system *system, const char *path)
{
	char text[8];

	return hki_file_line(system, path, text, sizeof(text)) == 0;
}

/* "container=lxc" among the strings of the first process's environment. */
static bool find_by_environment(char *out, size_t capacity, hk_system *system)
{
	hki_scan text, entry;

	if (hki_file_read(system, "/proc/1/environ", &text) < 0)
		return false;
	while (hki_scan_until(&entry, &text, '\0'))
		if (hki_scan_skip(&entry, "container=") && hki_scan_length(entry) > 0) {
			hki_scan_copy(out, capacity, entry);
			return true;
		}
	return false;
}

static bool find_by_cgroup(char *out, size_t capacity, hk_system *system)
{
	hki_scan text;

	if (hki_file_read(system, "/proc/self/cgroup", &text) < 0 ||
	    system->text.data == NULL)
		return false;
	for (size_t i = 0; i < HKI_COUNT(cgroup_parts); i++)
		if (strstr(system->text.data, cgroup_parts[i].text) != NULL) {
			hki_scan_copy(out, capacity, hki_scan_text(cgroup_parts[i].name));
			return true;
		}
	return false;
}

void hki_container_find(char *out, size_t capacity, hk_system *system)
{
	out[0] = '\0';
	if ((hki_file_line(system, "/run/systemd/container", out, capacity) == 0 ||
		hki_file_line(system, "/run/host/container-manager", out, capacity) ==
		    0) &&
	    out[0] != '\0')
		return;
	out[0] = '\0';
	if (exists(system, "/.dockerenv"))
		hki_scan_copy(out, capacity, hki_scan_text("docker"));
	else if (exists(system, "/run/.containerenv"))
		hki_scan_copy(out, capacity, hki_scan_text("podman"));
	else if (!find_by_environment(out, capacity, system))
		(void) find_by_cgroup(out, capacity, system);
}
