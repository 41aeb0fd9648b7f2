/*
 * What puts a process together with others: whose it is, what it serves, or what it
 * is called.  A listing and the metrics group by the same words.
 */
#include <hostkit/system_process_details.h>

static const char *service_of(
    const char *cgroup, char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX])
{
	hk_system_cgroup_owner owner;

	hk_system_cgroup_owner_read(&owner, text, cgroup);
	if (owner.container != NULL)
		return owner.container;
	if (owner.user_unit != NULL)
		return owner.user_unit;
	return owner.unit != NULL ? owner.unit : cgroup;
}

const char *hk_system_process_group(const hk_system_process *process, uint32_t grouping,
    char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX])
{
	bool has_cgroup = hk_record_has(&process->record, HK_SYSTEM_PROCESS_CGROUP) &&
			  process->cgroup != NULL;

	switch (grouping) {
	case HK_SYSTEM_GROUPING_USER:
		return hk_record_has(&process->record, HK_SYSTEM_PROCESS_USER)
			   ? process->user
			   : NULL;
	case HK_SYSTEM_GROUPING_CGROUP:
		return has_cgroup ? process->cgroup : NULL;
	case HK_SYSTEM_GROUPING_SERVICE:
		return has_cgroup ? service_of(process->cgroup, text) : NULL;
	default:
		return process->name;
	}
}
