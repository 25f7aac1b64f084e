//! A site of static files, on actix-web. `site check` fails where a file of `files.txt` is not there.

use std::env;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use actix_files::Files;
use actix_web::{App, HttpServer, Responder, get, web};

struct Site(PathBuf);

#[get("/")]
async fn page(site: web::Data<Site>) -> actix_web::Result<impl Responder> {
    let text = std::fs::read_to_string(site.0.join("index.html"))?;
    let signature = env::var("SIGNATURE").unwrap_or_else(|_| "nobody".to_owned());
    Ok(format!("{}, signed by {signature}\n", text.trim_end()))
}

#[get("/healthz")]
async fn health() -> impl Responder {
    "ok"
}

/// What an image made from nothing has where its configuration says so.
const SYSTEM: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/Europe/Berlin"];

fn check(folder: &Path) -> Result<()> {
    for path in SYSTEM {
        std::fs::metadata(path).map_err(|error| Error::other(format!("{path}: {error}")))?;
    }
    for name in std::fs::read_to_string(folder.join("files.txt"))?.lines() {
        let length = std::fs::metadata(folder.join(name))
            .map_err(|error| Error::other(format!("files.txt names {name}: {error}")))?
            .len();
        println!("{name} has {length} bytes, by authorities and time zones");
    }
    Ok(())
}

#[actix_web::main]
async fn main() -> Result<()> {
    let folder = PathBuf::from(env::var("STATIC").unwrap_or_else(|_| "static".to_owned()));
    if env::args().nth(1).as_deref() == Some("check") {
        return check(&folder);
    }
    let site = web::Data::new(Site(folder.clone()));
    let app = move || {
        App::new()
            .app_data(site.clone())
            .service(page)
            .service(health)
            .service(Files::new("/static", &folder))
    };
    HttpServer::new(app).workers(2).bind(("0.0.0.0", 3000))?.run().await
}
