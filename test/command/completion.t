Completion scripts, made from the rows.

  $ . "$TESTDIR/functions.sh"

Each shell takes its own:

  $ hostkit completion bash > hostkit.bash; bash -n hostkit.bash
  $ for shell in zsh fish; do
  >   hostkit completion $shell > hostkit.$shell
  >   if command -v $shell > /dev/null; then $shell -n hostkit.$shell; fi
  > done
  $ hostkit completion tcsh
  hostkit completion: unknown shell 'tcsh'; there are bash, zsh and fish
  [2]
  $ hostkit completion
  hostkit completion: what is missing: bash|zsh|fish; see hostkit completion --help
  [2]

What bash offers:

  $ cat > offer.bash <<'END'
  > source hostkit.bash
  > compopt() { :; }
  > COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  > _hostkit
  > printf '%s\n' "${COMPREPLY[@]}"
  > END
  $ offer() { bash offer.bash "$@"; }
  $ offer hostkit ki
  kill
  $ offer hostkit --
  --json
  --color
  --help
  --version
  $ offer hostkit --json run --ti
  --timeout
  $ offer hostkit run --signal SIGTE
  SIGTERM
  $ offer hostkit run -s SIGTE
  SIGTERM
  $ offer hostkit run --tree g
  group
  $ offer hostkit run --color = al
  always
  $ mkdir here; offer hostkit run --cwd he
  here
  $ offer hostkit run -t 5s printen | sort -u
  printenv
  $ touch operand; offer hostkit run cat oper
  operand
  $ offer hostkit run cat --ti
  
  $ offer hostkit help comp
  completion
  $ offer hostkit completion f
  fish
  $ offer hostkit kill $$ | grep -cx $$
  1
  $ offer hostkit js | sort -u
  json
  $ offer hostkit json ''
  check
  fmt
  $ offer hostkit json fmt --ind
  --indent
  $ offer hostkit json check --duplicates f
  first
  $ touch some.json; offer hostkit json check some
  some.json
  $ offer hostkit help js
  json

What fish offers, where there is one:

  $ cat > fish.expected <<'END'
  > hostkit ki|kill
  > hostkit run --tim|--timeout
  > hostkit run --tree g|group
  > hostkit run -s SIGTE|SIGTERM
  > hostkit run -t 5s true ./oper|./operand
  > hostkit run --hel|--help
  > hostkit --json kill --tr|--tree
  > hostkit completion z|zsh
  > hostkit js|json
  > hostkit json c|check
  > hostkit json f|fmt
  > hostkit json fmt --ind|--indent
  > hostkit json check --duplicates f|first
  > END
  $ if command -v fish > /dev/null; then
  >   cut -d '|' -f 1 fish.expected | while read -r line; do
  >     echo "$line|$(fish --no-config -c "source hostkit.fish; complete -C '$line'" | cut -f 1 | tr '\n' ' ' | sed 's/ $//')"
  >   done | diff fish.expected -
  > fi
