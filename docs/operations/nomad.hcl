# Workers on Nomad, with the engine of each client. Replace the names in capital letters. The client must have the
# host volume "jobserv-worker" at /srv/worker, with settings.conf of `jobserv worker register` in it.
job "jobserv-worker" {
  datacenters = ["DATACENTER"]
  type        = "system"

  group "worker" {
    volume "worker" {
      type   = "host"
      source = "jobserv-worker"
    }

    network {
      port "metrics" { static = 9180 }
    }

    service {
      name = "jobserv-worker"
      port = "metrics"
      check {
        type     = "http"
        path     = "/health"
        interval = "30s"
        timeout  = "5s"
      }
    }

    task "worker" {
      driver = "docker"
      # The first signal drains; Nomad waits for the runs in progress.
      kill_signal  = "SIGTERM"
      kill_timeout = "2h"

      config {
        image   = "REGISTRY/jobserv-worker:VERSION"
        init    = true
        ports   = ["metrics"]
        volumes = ["/var/run/docker.sock:/var/run/docker.sock"]
      }

      volume_mount {
        volume      = "worker"
        destination = "/srv/worker"
      }

      resources {
        cpu    = 500
        memory = 512
      }
    }
  }
}
