OURS_ADOPTED=1
. "$BENCH_DIR/adapters/ours.sh"
