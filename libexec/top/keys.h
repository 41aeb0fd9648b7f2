#ifndef HOSTKIT_LIBEXEC_TOP_KEYS_H
#define HOSTKIT_LIBEXEC_TOP_KEYS_H

#include "screen.h"
#include "view.h"

/* Do what @key means in the mode of the view. */
void top_key_press(top_view *view, top_key key);

#endif /* HOSTKIT_LIBEXEC_TOP_KEYS_H */
