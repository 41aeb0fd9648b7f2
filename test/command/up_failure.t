What cannot be started is named, with the step that failed.

  $ . "$TESTDIR/up_lib.sh"
  $ touch plain; printf '\177ELF broken' > broken; chmod +x broken
  $ cat > hostkit.yaml <<'END'
  > x-once: &once {restart: "no"}
  > services:
  >   missing: {<<: *once, command: no-such-program-here}
  >   plain: {<<: *once, command: ./plain}
  >   broken: {<<: *once, command: ./broken}
  >   nowhere: {<<: *once, command: "true", working_dir: not/there}
  >   nobody: {<<: *once, command: "true", user: no-such-user-here}
  > END
  $ up > shown; echo $?
  8
  $ told | sort
  hostkit: broken: failed (exec: './broken': exec format error (ENOEXEC))
  hostkit: missing: failed (exec: 'no-such-program-here': no such file or directory (ENOENT))
  hostkit: nobody: failed (*no-such-user-here*) (glob)
  hostkit: nowhere: failed (cwd: '*/not/there': no such file or directory (ENOENT)) (glob)
  hostkit: plain: failed (exec: './plain': permission denied (EACCES))

It may come yet, so a restart policy holds for it as well:

  $ cat > hostkit.yaml <<'END'
  > services:
  >   late: {command: ./late, backoff: {initial: 10ms, factor: 1, limit: none}}
  > END
  $ up_start
  $ shown 1 'late: ended (exec'
  $ printf '#!/bin/sh\necho here I am\nexit 0\n' > temporary; chmod +x temporary; mv temporary late
  $ shown 1 '| here I am'; up_end

More than the system gives: too many words.

  $ /usr/bin/python3 -c 'import json; print(json.dumps({"services": {"long": {"restart": "no",
  >   "command": ["true"] + ["x" * 100000] * 9}, "more": {"command": "echo goes on"}}}))' > hostkit.json
  $ rm hostkit.yaml
  $ prlimit --stack=1048576 hostkit up --state-directory "$state" > shown; echo $?
  8
  $ told | grep -oE 'long: failed \(exec.*E2BIG|goes on'
  long: failed (exec: 'true': argument list too long (E2BIG
  goes on

No place for the state is a failure of its own, never that of a name:

  $ XDG_RUNTIME_DIR=/proc/nowhere hostkit up
  hostkit up: state directory: '/proc/nowhere/hostkit' cannot be made: no such file or directory (ENOENT)
  [9]

Without privileges all of it works, and says what does not:

  $ [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
  $ theirs=$(mktemp -d -p /tmp); chmod 777 "$theirs"; cd "$theirs"
  $ seconds=$(unique)
  $ cat > hostkit.yaml <<END
  > services:
  >   who: {command: [sh, -c, "id -un; (setsid sleep $seconds &) ; sleep $seconds"]}
  >   other: {command: "true", user: root, restart: "no"}
  > END
  $ setpriv --reuid nobody --regid nogroup --clear-groups env --default-signal=INT HOME="$theirs" \
  >   hostkit up --state-directory "$theirs/state" > "$state.shown" 2> errors & up=$!; ups+=($up)
  $ shown 1 '| nobody' "$state.shown"; shown 1 'other: ' "$state.shown"; until_true are_there 2 "$seconds"
  $ kill -INT $up; up_end
  [8]
  $ told "$state.shown" | grep -v '|' | sort | uniq
  hostkit: other: failed (groups: operation not permitted (EPERM))
  hostkit: stopping; once more kills
  hostkit: who: started, pid N
  hostkit: who: stopped (SIGTERM after TIME)
  hostkit: who: stopping
  $ sleepers "$seconds"
  0
  $ cd "$state/.." && rm -r "$theirs"
