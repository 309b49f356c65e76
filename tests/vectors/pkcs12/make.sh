#!/bin/sh
# Makes the files of this folder anew: OpenSSL 3.0, and keytool of Java 17. A chain of three (key, issuer, root) for an RSA and a
# P-256 key; certificates in another order than the chain's. No key here is used for anything else.
# OpenSSL 1.1 wrote what `-legacy` with these two schemes and a MAC by SHA-1 writes: 3DES for the key, RC2-40 for certificates.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
password="grønn-bjørk 7"
plain="hunter2-hunter2"
days="-days 36500"

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/root.key" -out "$work/root.pem" $days -subj "/CN=Root"
openssl req -newkey rsa:2048 -nodes -keyout "$work/issuer.key" -out "$work/issuer.csr" -subj "/CN=Issuer"
printf 'basicConstraints=critical,CA:true\n' >"$work/ca.ext"
openssl x509 -req -in "$work/issuer.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial $days -extfile "$work/ca.ext" -out "$work/issuer.pem"
for kind in rsa p256; do
  case $kind in
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/key.pem" ;;
    p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" ;;
  esac
  openssl req -new -key "$work/key.pem" -subj "/CN=$kind" -out "$work/own.csr"
  openssl x509 -req -in "$work/own.csr" -CA "$work/issuer.pem" -CAkey "$work/issuer.key" -CAcreateserial $days -out "$work/own.pem"
  cat "$work/root.pem" "$work/issuer.pem" >"$work/chain.pem"
  export="openssl pkcs12 -export -inkey $work/key.pem -in $work/own.pem -certfile $work/chain.pem -name $kind"
  $export -out "$kind-openssl3.p12" -passout "pass:$password"
  $export -legacy -out "$kind-openssl3-legacy.p12" -passout "pass:$plain"
  $export -legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-RC2-40 -macalg sha1 -out "$kind-openssl11.p12" -passout "pass:$plain"
  # The public half, to compare with.
  openssl pkey -in "$work/key.pem" -pubout -out "$kind.pub.pem"
  for form in keytool keytool-legacy; do
    [ $form = keytool ] && legacy= || legacy=-J-Dkeystore.pkcs12.legacy
    rm -f "$kind-$form.p12"
    keytool $legacy -importkeystore -noprompt -srcstoretype PKCS12 -srckeystore "$kind-openssl3-legacy.p12" -srcstorepass "$plain" \
      -deststoretype PKCS12 -destkeystore "$kind-$form.p12" -deststorepass "$plain"
  done
done

# What is refused, by the last key.
$export -nomac -out refused-no-mac.p12 -passout "pass:$plain"
$export -keypbe camellia-256-cbc -out refused-camellia.p12 -passout "pass:$plain"
$export -legacy -keypbe PBE-SHA1-RC4-128 -out refused-rc4.p12 -passout "pass:$plain"
$export -iter 1000001 -out refused-rounds.p12 -passout "pass:$plain"
openssl pkcs12 -export -nokeys -in "$work/own.pem" -out refused-no-key.p12 -passout "pass:$plain"
rm -r "$work"
