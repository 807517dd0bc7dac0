# A kit's outcomes as a table: passed, and what the others are. A refusal is error 1235, by name; a wrong answer is one
# that says nothing of being wrong: other rows, counts or ids than MySQL's, or success where MySQL has an error.
# SHOW WARNINGS after a statement that was refused, and EXPLAIN, are counted apart.
BEGIN { FS = "\t" }
{
  split($1, name, ":")
  kind = kit == "mtrstmt" ? name[2] : "tests"
  kinds[kind]
  if ($2 == "skipped") { skipped[kind]++; next }
  all[kind]++
  if ($2 == "passed") { passed[kind]++; next }
  why = $4
  if (kind == "explain") other[kind]++
  else if (why ~ /error 1235|'err', 1235|doesn't yet support/) refused[kind]++
  else if (why ~ /^rows .*\['(Error|Warning|Note)'|instead of \[\['(Error|Warning|Note)'/) warnings[kind]++
  else if (why ~ /^columns /) titles[kind]++
  else if (kit == "mtrstmt" && why ~ /^(rows|affected|insert_id|number of result sets)|^\['(ok|rows)'/) wrong[kind]++
  else other[kind]++
}
END {
  print "\n### " kit "\n"
  if (kit == "mtrstmt") {
    print "| kind | statements | as MySQL | | refused by name | another error | wrong answer | column titles | SHOW WARNINGS |"
    print "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
  } else {
    print "| | tests | as MySQL | | for a refusal | for another reason |"
    print "|---|--:|--:|--:|--:|--:|"
  }
  n = split("select dml ps set txn ddl show call other explain tests", order, " ")
  for (i = 1; i <= n; i++) if (order[i] in kinds) line(order[i])
  if (kit == "mtrstmt") {
    for (k in kinds) if (k != "explain") { a += all[k]; p += passed[k]; r += refused[k]; o += other[k]; w += wrong[k]; t += titles[k]; s += warnings[k] }
    printf "| all but explain | %d | %d | %.1f %% | %d | %d | %d (%.2f %%) | %d | %d |\n", a, p, 100 * p / a, r, o, w, 100 * w / a, t, s
  }
}
function line(k) {
  if (kit == "mtrstmt")
    printf "| %s | %d | %d | %.1f %% | %d | %d | %d | %d | %d |\n", k, all[k], passed[k], 100 * passed[k] / all[k], refused[k], other[k], wrong[k], titles[k], warnings[k]
  else
    printf "| %s | %d | %d | %.1f %% | %d | %d |\n", k, all[k], passed[k], 100 * passed[k] / all[k], refused[k], other[k]
}
