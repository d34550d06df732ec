# SPDX-License-Identifier: BSD-2-Clause
# Functions, arrays, subshells, pipes, here-documents, substitutions. The output is the result.
set -euo pipefail

fibonacci() {
    local n=$1
    if ((n < 2)); then
        echo "$n"
    else
        echo $(($(fibonacci $((n - 1))) + $(fibonacci $((n - 2)))))
    fi
}
echo "fibonacci $(fibonacci 9)"

# Recursion without subshells.
hanoi() {
    local disks=$1 from=$2 to=$3 over=$4
    ((disks > 0)) || return 0
    hanoi $((disks - 1)) "$from" "$over" "$to"
    moves[${#moves[@]}]="$from$to"
    hanoi $((disks - 1)) "$over" "$to" "$from"
}
moves=()
hanoi 10 a c b
echo "hanoi ${#moves[@]} ${moves[*]:0:8} ${moves[-1]}"

declare -A count=()
words=()
for i in {1..6000}; do
    words+=("w$((i * 7919 % 613))")
done
for word in "${words[@]}"; do
    count[$word]=$((${count[$word]:-0} + 1))
done
for word in "${!count[@]}"; do
    echo "$word ${count[$word]}"
done | sort -k2,2nr -k1,1 | sed -n 1,5p

# Strings that grow, are cut, and are replaced in.
text=
for i in {1..3000}; do
    text+="${i}:"
done
text=${text//1/one}
echo "text ${#text} ${text:1000:30} ${text##*:2}"

# Pipes, subshells, process substitution.
(
    cd /
    trap 'echo "leaving $PWD"' EXIT
    seq 1 20000 | while read -r n; do echo $((n * n % 1009)); done | sort -n | uniq -c |
        awk '{ total += $1 * $2 } END { print "squares", NR, total }'
)
paste <(seq 1 5) <(seq 1 5 | tac) | tr '\t' ' '
mapfile -t lines < <(printf '%s\n' {a..z}{0..9})
echo "lines ${#lines[@]} ${lines[77]}"

cat <<END | sed -n '/^sum/p'
sum $((3 + 4)) and $(wc -c <<<"${words[*]}")
end
END
read -r -d '' document <<'END' || true
a here-document with $no expansion
END
echo "$document"

# A coprocess, and background jobs.
coproc SORT { sort -n; }
exec {sorted}<&"${SORT[0]}"
seq 50 -1 1 >&"${SORT[1]}"
exec {SORT[1]}>&-
echo "coprocess $(paste -s -d' ' <&"$sorted")"
for i in 1 2 3 4; do
    (exit "$i") &
    jobs_started[i]=$!
done
for i in 1 2 3 4; do
    status=0
    wait "${jobs_started[i]}" || status=$?
    echo "job $i $status"
done
