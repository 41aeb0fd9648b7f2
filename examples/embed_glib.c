/*
 * hostkit inside GLib (and so GTK): a GSource that asks hostkit when it is due,
 * watches its descriptor, and gives it a turn.
 */
#include <glib.h>
#include <stdio.h>
#include <hostkit/hostkit.h>

typedef struct hostkit_source {
	GSource source;
	hk_loop *loop;
	gpointer tag;
} hostkit_source;

static gboolean prepare(GSource *source, gint *timeout)
{
	*timeout = hk_loop_timeout(((hostkit_source *) source)->loop);
	return *timeout == 0;
}

static gboolean check(GSource *source)
{
	hostkit_source *self = (hostkit_source *) source;

	return g_source_query_unix_fd(source, self->tag) != 0 ||
	       hk_loop_timeout(self->loop) == 0;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
	(void) callback, (void) user;
	return hk_loop_run_once(((hostkit_source *) source)->loop, 0) >= 0;
}

static GSourceFuncs functions = { prepare, check, dispatch, NULL, NULL, NULL };

static void fired(hk_timer *timer, void *user)
{
	puts("the timer fired inside GLib");
	hk_timer_free(timer);
	g_main_loop_quit(user);
}

int main(void)
{
	GSource *source = g_source_new(&functions, sizeof(hostkit_source));
	hostkit_source *self = (hostkit_source *) source;
	GMainLoop *glib = g_main_loop_new(NULL, FALSE);
	hk_timer *timer;

	if (hk_loop_new(&self->loop) < 0 ||
	    hk_timer_after(&timer, self->loop, 20, fired, glib) < 0)
		return 1;
	self->tag = g_source_add_unix_fd(source, hk_loop_fd(self->loop), G_IO_IN);
	g_source_attach(source, NULL);
	g_main_loop_run(glib);
	g_source_destroy(source);
	hk_loop_free(self->loop);
	g_source_unref(source);
	g_main_loop_unref(glib);
	return 0;
}
