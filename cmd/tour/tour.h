#ifndef HOSTKIT_CMD_TOUR_H
#define HOSTKIT_CMD_TOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/json.h>
#include <hostkit/loop.h>

/*
 * The tour shows every concept at work on the live machine, and checks what it
 * claims.  A chapter tells its story in steps: what it does, what it saw, and
 * claims with an expected and an observed value.  One claim that does not hold
 * fails the chapter and the tour.
 */
struct tour;

typedef struct tour_chapter {
	const char *name;  /* one word, as typed: hostkit tour NAME */
	const char *title; /* a heading */
	const char *shows; /* one line for --list */
	void (*run)(struct tour *tour);
} tour_chapter;

/* Every chapter, in order, up to a row without a name. */
extern const tour_chapter tour_chapters[];

void tour_chapter_processes(struct tour *tour);
void tour_chapter_system(struct tour *tour);
void tour_chapter_loop(struct tour *tour);
void tour_chapter_watching(struct tour *tour);
void tour_chapter_messages(struct tour *tour);
void tour_chapter_scheduling(struct tour *tour);

/* Two steps of the processes chapter: a tree that tries to get away, and a
 * program that crashes, under supervision. */
void tour_trees(struct tour *tour, hk_loop *loop);
void tour_supervise(struct tour *tour, hk_loop *loop);

/* A step of the messages chapter: a Node program as a child. */
void tour_node(struct tour *tour, hk_loop *loop);

/* ---- telling ---- */

/* Begin a step: what is done now, one sentence. */
void tour_step(struct tour *tour, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was seen: a line below the step. */
void tour_saw(struct tour *tour, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The common wrong way, tried beside the right one, and what came of it. */
void tour_wrong(struct tour *tour, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A claim: @claim is a sentence that is true if @holds.  The rest is what was
 * observed, printed with it.  Returns @holds.
 */
bool tour_check(struct tour *tour, bool holds, const char *claim, const char *observed,
    ...) __attribute__((format(printf, 4, 5)));

/* Something this machine does not allow, said instead of checked. */
void tour_cannot(struct tour *tour, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A call of the library that the chapter depends on failed: a claim that does not hold. */
void tour_broken(struct tour *tour, const char *what, int code);

/* ---- the guide's run of it ---- */

typedef struct tour_opts {
	bool colour;
	bool json;
} tour_opts;

/* Run one chapter, or all when @name is NULL.  Returns 0, 1 when a claim failed,
 * -ENOENT for an unknown name, or -ENOMEM. */
int tour_run(const char *name, const tour_opts *opts);

#endif /* HOSTKIT_CMD_TOUR_H */
