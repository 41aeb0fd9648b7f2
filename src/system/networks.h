#ifndef HKI_SYSTEM_NETWORKS_H
#define HKI_SYSTEM_NETWORKS_H

#include "system/links.h"
#include "system/system_internal.h"

/* ---- networks_netlink.c ---- */

/* A socket and room for the kernel's answers.  Zeroed: not open. */
typedef struct hki_netlink {
	int fd_and_one;
	uint32_t sequence;
	char *room;
} hki_netlink;

/* Ask for all links, then for all addresses.  0 or a negative errno. */
int hki_netlink_read(hki_netlink *netlink, hki_links *out);
void hki_netlink_close(hki_netlink *netlink);

/* ---- networks_files.c ---- */

/* The same from /proc/net/dev and /sys/class/net, without addresses. */
int hki_net_files_read(hki_links *out, hk_system *system, hki_host_file *dev);

/* Speed and duplex of a link, which only /sys tells. */
void hki_link_describe(hki_link *link, const hk_system *system);

#endif /* HKI_SYSTEM_NETWORKS_H */
