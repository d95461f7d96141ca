#!/usr/bin/env bash
# From nothing to a crisis answer: sets a line up with `harborline init`, starts it, and texts it as Twilio would,
# signed. Proves, on a machine where you just installed harborline, that key, database, configuration, signature,
# triage and answer work together. Nobody is texted: the line has a made-up account and an API address where nobody is.
#
#   deploy/first-answer.sh [PORT]        HARBORLINE=/path/to/harborline if it is not on the PATH
#
# Needs curl and openssl. Leaves nothing behind.
set -euo pipefail

program=${HARBORLINE:-harborline}
for needed in "$program" curl openssl; do
  command -v "$needed" >/dev/null || {
    printf 'first-answer: there is no %s here: install it, or set HARBORLINE to where harborline is\n' "$needed" >&2
    exit 2
  }
done
# It is called from another folder.
case $program in */*) program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program") ;; esac
port=${1:-18080}
address=127.0.0.1:$port
public=https://line.example.org
token=0123456789abcdef0123456789abcdef
folder=$(mktemp -d)
server=

finish() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap finish EXIT
fail() {
  printf 'first-answer: %s\n' "$*" >&2
  [ -f log ] && tail -n 20 log >&2
  exit 1
}

cd "$folder"
printf '%s\n' "$token" >token
echo "1. init"
"$program" init \
  --name "First Line" --contact help@example.org --language en --gateway twilio --public-url "$public" \
  --set account_sid=AC00000000000000000000000000000000 --set auth_token=@token --set sender=+15550100 \
  --set api_url=http://127.0.0.1:9 --duty "Duty phone=+15550199" --duty "Second phone=+15550198" \
  --listen "$address" </dev/null >said || fail "init refused its answers"
grep -qF "$public/hooks/main/inbound" said || fail "init did not name the webhook"

echo "2. serve"
"$program" serve >out 2>log &
server=$!
for _ in $(seq 1 150); do
  "$program" heartbeat --alive >/dev/null 2>&1 && break
  kill -0 "$server" 2>/dev/null || fail "the server ended"
  sleep 0.2
done
"$program" heartbeat --alive >/dev/null || fail "the server does not answer"

# Twilio signs the address and every field, sorted by name, with HMAC-SHA1 under the auth token.
hook() { # SIGNATURE BODY
  curl -sS -o answer -w '%{http_code}' "http://$address/hooks/main/inbound" -H "X-Twilio-Signature: $1" \
    --data-urlencode "Body=$2" --data-urlencode "From=+15550142" --data-urlencode "MessageSid=SM1" \
    --data-urlencode "To=+15550100"
}
words="I want to die"
signed="$public/hooks/main/inboundBody${words}From+15550142MessageSidSM1To+15550100"
signature=$(printf '%s' "$signed" | openssl dgst -sha1 -hmac "$token" -binary | openssl base64 -A)

echo "3. a hook that somebody else signed is refused"
[ "$(hook "AAAA$signature" "$words")" = 403 ] || fail "a forged hook was not refused: $(cat answer)"

echo "4. a crisis text is answered with 988 in the response"
[ "$(hook "$signature" "$words")" = 200 ] || fail "the hook was not taken: $(cat answer)"
grep -q '<Message' answer && grep -q 988 answer || fail "there is no crisis answer: $(cat answer)"

echo "5. and somebody is paged for it"
curl -sS "http://$address/readyz" >ready
grep -q '"alerts":{"open":1' ready || fail "no case is open: $(cat ready)"
echo "All good: from init to a crisis answer."
