# Its next attempt is soon, and nobody asks for one.
OURS_RESTART='{slowRetryDelay: 10s}'
. "$BENCH_DIR/adapters/ours.sh"
