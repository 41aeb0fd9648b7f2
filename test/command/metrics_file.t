A file that collectors read at any moment.

  $ . "$TESTDIR/functions.sh"

It is replaced, never written to: whoever had it open keeps the old one whole, and nothing
else is left in the folder.

  $ hostkit metrics load -o host.prom
  $ stat -c %a host.prom
  644
  $ chmod 600 host.prom
  $ exec 3< host.prom
  $ first=$(stat -c %i host.prom)
  $ hostkit metrics load -o host.prom
  $ [ "$first" != "$(stat -c %i host.prom)" ] && echo replaced
  replaced
  $ grep -c '^hostkit_load_1 ' <&3
  1
  $ stat -c %a host.prom; ls -A
  600
  host.prom

A reader that reads as fast as it can never sees less than a whole one:

  $ hostkit metrics load -i 1ms -n 200 -o host.prom & writer=$!
  $ while kill -0 $writer 2> /dev/null; do
  >   tail -n 1 host.prom | grep -q '^hostkit_scrape_section_success{section="load"} 1$' || echo torn
  > done
  $ end_of $writer

Signals end it in order:

  $ hostkit metrics load -i 10s -o late.prom & writer=$!
  $ until_true test -s late.prom
  $ kill -TERM $writer; end_of $writer
  $ ls -A
  host.prom
  late.prom

What processes that end leave behind is taken over at once, for the kernel keeps only so
much of it, and it may be long until the file is replaced:

  $ waiting() { awk -v all=" $(readlink /proc/$1/fd/* | sed -n 's/^socket:.\([0-9]*\).$/\1/p' | tr '\n' ' ') " '$2 == 16 && index(all, " " $NF " ") { sum += $5 } END { print sum + 0 }' /proc/net/netlink; }
  $ nothing_waits() { [ "$(waiting $1)" = 0 ]; }
  $ hostkit metrics load --processes name -i 1h -o ends.prom & writer=$!
  $ until_true test -s ends.prom
  $ for i in 1 2 3 4 5 6 7 8; do /bin/true; done
  $ until_true nothing_waits $writer
  $ kill -TERM $writer; end_of $writer
  $ rm ends.prom

What must not be replaced is not:

  $ mkfifo pipe; mkdir folder
  $ hostkit metrics -o pipe
  hostkit metrics: cannot replace 'pipe': file exists (EEXIST)
  [9]
  $ hostkit metrics -o folder
  hostkit metrics: cannot replace 'folder': file exists (EEXIST)
  [9]
  $ hostkit metrics -o nowhere/x.prom
  hostkit metrics: cannot replace 'nowhere/x.prom': no such file or directory (ENOENT)
  [4]
  $ hostkit metrics > /dev/full
  hostkit metrics: cannot write to standard output: no space left on device (ENOSPC)
  [9]
