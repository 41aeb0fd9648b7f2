A disk that is full under a log costs output, and nothing else.

  $ . "$TESTDIR/up_lib.sh"
  $ [ "$(id -u)" -eq 0 ] || skip "mounting a small file system needs root"
  $ unshare -m true 2> /dev/null || skip "no mount namespaces here"
  $ cat > fill.sh <<'END'
  > mkdir small; mount -t tmpfs -o size=256k tmpfs small || exit 77
  > exec hostkit up --state-directory state
  > END
  $ cat > work.sh <<'END'
  > seq 1 100000
  > echo "still here" >&2
  > until [ -e gate ]; do sleep 0.01; done
  > echo "last line"
  > END
  $ cat > hostkit.yaml <<'END'
  > services:
  >   work:
  >     command: sh work.sh
  >     logging: {file: small/work.log, max_size: 0}
  > END
  $ unshare -m sh fill.sh > shown 2> errors & up=$!; ups+=($up)
  $ shown 1 'still here'
  $ shown 1 'small/work.log'
  $ : > /proc/$up/root"$PWD"/small/work.log; touch gate
  $ up_end
  $ grep -oE 'work.log.*(no space left|ENOSPC)' shown | head -n 1 | sed -E 's/.*(no space left).*/\1/'
  no space left
  $ grep -c 'work: completed' shown
  1
