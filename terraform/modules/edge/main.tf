# The one door: HTTPS load balancer with Cloud Armor, and a serverless NEG for each HTTP function.
resource "google_dns_record_set" "api" {
  count = var.dns_zone == null ? 0 : 1

  name         = "${var.domain}."
  managed_zone = var.dns_zone
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_global_address.api.address]
}

resource "google_compute_global_address" "api" {
  name = "${var.prefix}-api"
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = var.services

  name                  = "${var.prefix}-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = each.value
  }
}

resource "google_compute_backend_service" "function" {
  for_each = var.services

  name                  = "${var.prefix}-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge.id

  # Who the client is, for the limits of sign-in: nothing else that the functions get tells it for certain. The balancer overwrites what a
  # client sends under the name, https://docs.cloud.google.com/load-balancing/docs/https/custom-headers-global, and `deploy doctor` tries it. A
  # transformation of the same header in a URL map would take precedence: there is none.
  custom_request_headers = ["${var.client_header}:{client_ip_address}"]

  backend {
    group = google_compute_region_network_endpoint_group.function[each.key].id
  }

  # Each request that a rule stops, or would have, has to be found. The others' lines are kept nowhere: see ../access/requests.tf.
  log_config {
    enable      = true
    sample_rate = 1
  }
}

# By path only, as the local host and FUNCTION_TARGET alone do: the longest path that fits wins.
resource "google_compute_url_map" "api" {
  name            = "${var.prefix}-api"
  default_service = google_compute_backend_service.function[var.fallback].id

  host_rule {
    hosts        = setunion([var.domain], var.additional_domains)
    path_matcher = "api"
  }

  path_matcher {
    name            = "api"
    default_service = google_compute_backend_service.function[var.fallback].id

    dynamic "path_rule" {
      for_each = { for name, paths in var.paths : name => [for p in paths : p if p != "/*"] }
      content {
        paths   = path_rule.value
        service = google_compute_backend_service.function[path_rule.key].id
      }
    }
  }
}

# One a domain, so that a change of the domain is two deployments without an outage: a new certificate is issued only once the balancer
# holds it and its domain points here, which takes up to an hour (https://cloud.google.com/load-balancing/docs/ssl-certificates/google-managed-certs).
resource "google_compute_managed_ssl_certificate" "api" {
  for_each = setunion([var.domain], var.additional_domains)

  name = "${var.prefix}-api-${substr(sha256(each.value), 0, 8)}"

  managed {
    domains = [each.value]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "api" {
  name            = "${var.prefix}-api"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_target_https_proxy" "api" {
  name             = "${var.prefix}-api"
  url_map          = google_compute_url_map.api.id
  ssl_certificates = [for domain in sort(keys(google_compute_managed_ssl_certificate.api)) : google_compute_managed_ssl_certificate.api[domain].id]
  ssl_policy       = google_compute_ssl_policy.api.id
}

resource "google_compute_global_forwarding_rule" "https" {
  name                  = "${var.prefix}-api-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.api.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.api.id
}

resource "google_compute_url_map" "redirect" {
  name = "${var.prefix}-redirect"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "redirect" {
  name    = "${var.prefix}-redirect"
  url_map = google_compute_url_map.redirect.id
}

resource "google_compute_global_forwarding_rule" "http" {
  name                  = "${var.prefix}-api-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.api.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect.id
}

locals {
  # Google's preconfigured rules, of the version of OWASP's that Google recommends, at the lowest sensitivity:
  # https://cloud.google.com/armor/docs/waf-rules
  waf_rules = ["sqli-v422-stable", "xss-v422-stable", "lfi-v422-stable", "rce-v422-stable", "scannerdetection-v422-stable", "protocolattack-v422-stable"]

  # In a photo's bytes the rules find anything: 744 of 961 photos are an attack to OWASP's rules in the first 8 KiB, which is where Cloud Armor
  # looks (`go run -C terraform/checks/waf . -photos FOLDER`). Google does not say that it takes forms with files apart, and excludes no body
  # from inspection by itself. So the rules leave the paths alone that photos are posted to; the functions there take nothing else.
  not_a_photo = join(" && ", [for path in var.photo_paths : "request.path != '${path}'"])
}

resource "google_compute_security_policy" "edge" {
  name        = "${var.prefix}-edge"
  description = "Throttles by IP address and blocks known attacks."

  dynamic "rule" {
    for_each = { for i, rule in local.waf_rules : rule => i }
    content {
      action      = "deny(403)"
      priority    = 1000 + rule.value
      preview     = var.armor_preview
      description = rule.key
      match {
        expr {
          expression = "${local.not_a_photo} && evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': 1})"
        }
      }
    }
  }

  # The first rule that fits decides, so what conforms here is not counted below. It is no preview, as it is wider than the functions' own
  # limits for an address: these answer first, in words.
  rule {
    action      = "throttle"
    priority    = 1900
    description = "Requests a minute by IP address to sign-in."
    match {
      expr {
        expression = "request.path.urlDecode().startsWith('/v1/auth/')"
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.auth_requests_per_minute_per_ip
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "throttle"
    priority    = 2000
    description = "Requests a minute by IP address."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.requests_per_minute_per_ip
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "The rest."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  # Otherwise the rules read a JSON body as text, and its quotes and brackets as an attack
  # (https://cloud.google.com/armor/docs/security-policy-overview#json_parsing).
  advanced_options_config {
    json_parsing = "STANDARD"
  }

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable = true
    }
  }
}
