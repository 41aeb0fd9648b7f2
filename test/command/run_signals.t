Signals on their way to the program.

  $ . "$TESTDIR/functions.sh"
  $ cat > listener.sh <<'END'
  > for name in HUP INT QUIT TERM USR1 USR2 ALRM WINCH; do trap "echo $name" $name; done
  > trap 'echo last; exit 9' RTMIN+1
  > echo ready
  > while :; do sleep 0.01; done
  > END
  $ holds() { [ "$(grep -c . "$1")" -ge "$2" ]; }

Each is passed on, once. (A shell without jobs starts its background with INT and QUIT
ignored, which hostkit respects.)

  $ env --default-signal=INT,QUIT hostkit run -- bash listener.sh > heard & run=$!
  $ until_true holds heard 1
  $ count=1; for name in HUP INT QUIT TERM USR1 USR2 ALRM WINCH; do
  >   kill -$name $run; count=$((count + 1)); until_true holds heard $count
  > done
  $ kill -RTMIN+1 $run; end_of $run
  [9]
  $ cat heard | tr '\n' ' '
  ready HUP INT QUIT TERM USR1 USR2 ALRM WINCH last  (no-eol)

What is ignored already stays ignored, for us and for the program:

  $ (trap '' HUP; exec hostkit run -- sh -c 'kill -HUP $PPID; kill -HUP $$; echo alive')
  alive
  $ hostkit run -- sh -c 'kill -HUP $$; echo alive'
  [129]

Nothing is blocked in the program:

  $ hostkit run -- grep -E 'Sig(Blk|Ign)' /proc/self/status
  SigBlk:	0000000000000000
  SigIgn:	0000000000000000
