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
