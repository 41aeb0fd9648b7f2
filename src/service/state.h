#ifndef HKI_SERVICE_STATE_H
#define HKI_SERVICE_STATE_H

#include <hostkit/service.h>

/*
 * What a supervisor writes down, so that the next one can end what is left when
 * this one is killed.
 *
 * The journal is a text file of lines "+ IDENTITY SERVICE INSTANCE CGROUP" and
 * "- IDENTITY", appended with one write(2) each, by a thread of its own so that a
 * slow disk holds up nobody.  A line that is cut short is ignored.  It is read
 * once, by the next supervisor, before the loop runs.
 */

/* A process of @service runs now, in @cgroup or NULL.  Never waits; lost when there is no
 * memory.  @project may be NULL. */
void hki_project_started(hk_service_project *project, const hk_process_id *id,
    const char *service, unsigned int instance, const char *cgroup);
/* It has ended and was collected. */
void hki_project_ended(hk_service_project *project, const hk_process_id *id);

/* "HOSTKIT_PROJECT=…": an entry for the environment of everything that is started, by
 * which what is left is found.  Borrowed; NULL when @project is. */
const char *hki_project_environment(const hk_service_project *project);

#endif /* HKI_SERVICE_STATE_H */
