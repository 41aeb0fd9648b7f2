What Prometheus itself says.

  $ . "$TESTDIR/functions.sh"
  $ command -v promtool > /dev/null || skip "promtool is not installed"

Its linter has nothing to say, about any section:

  $ hostkit metrics | promtool check metrics
  $ for by in state user cgroup service name; do hostkit metrics load --processes $by | promtool check metrics; done
  $ hostkit metrics --compat node_exporter | promtool check metrics > complaints 2>&1; [ $? -ne 1 ] && echo parsed
  parsed

Every name that dashboards of node_exporter use most is there, as far as this machine has it:

  $ hostkit metrics --compat node_exporter > compat.prom
  $ for name in cpu_seconds_total load1 load5 load15 memory_MemTotal_bytes memory_MemFree_bytes \
  >   memory_MemAvailable_bytes memory_Buffers_bytes memory_Cached_bytes memory_SwapTotal_bytes \
  >   memory_SwapFree_bytes vmstat_pgfault vmstat_pgmajfault vmstat_pgpgin vmstat_pgpgout \
  >   vmstat_pswpin vmstat_pswpout context_switches_total intr_total forks_total procs_running \
  >   procs_blocked boot_time_seconds time_seconds filesystem_size_bytes filesystem_free_bytes \
  >   filesystem_avail_bytes filesystem_files filesystem_files_free filesystem_readonly \
  >   filesystem_device_error network_receive_bytes_total network_transmit_bytes_total \
  >   network_up network_mtu_bytes uname_info filefd_allocated filefd_maximum; do
  >   grep -q "^node_$name[ {]" compat.prom || echo "node_$name is missing"
  > done

The server scrapes both modes, and every sample arrives:

  $ command -v prometheus > /dev/null || skip "prometheus is not installed"
  $ [ -x "$HOSTKIT_LIBEXEC/metrics" ] || skip "built without libmicrohttpd"
  $ hostkit metrics --processes name --listen 0 2> native & native=$!
  $ hostkit metrics --compat node_exporter --listen 0 2> compat & compat=$!
  $ until_true grep -q serving native; until_true grep -q serving compat
  $ target() { sed -n 's/.*http:\/\/\(.*\)\/metrics/\1/p' "$1"; }
  $ port=$(free_port)
  $ cat > prometheus.yml <<END
  > global: {scrape_interval: 3s, scrape_timeout: 3s}
  > scrape_configs:
  >   - job_name: native
  >     static_configs: [{targets: ["$(target native)"]}]
  >   - job_name: compat
  >     static_configs: [{targets: ["$(target compat)"]}]
  > END
  $ prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:$port > prometheus.log 2>&1 & prometheus=$!
  $ python3 "$TESTDIR/prometheus_up.py" $port native compat
  compat is up, hundreds of samples
  native is up, hundreds of samples
  $ kill $prometheus $native $compat; end_of $prometheus; end_of $native; end_of $compat
  $ grep -iE 'duplicate|out of order|invalid' prometheus.log
  [1]
