#!/bin/bash
# What each instance runs when it starts: the web server, and the page that the load balancer asks for. httpd of Amazon
# Linux 2023 answers its own welcome page with 403 where there is no index.html, and no instance would ever get healthy.
set -euo pipefail
# The way out may be a moment younger than the instance.
for attempt in 1 2 3 4 5; do
  dnf install -y httpd && break
  sleep $((attempt * 5))
done
echo '<html><body><h1>It works!</h1></body></html>' > /var/www/html/index.html
systemctl enable --now httpd
