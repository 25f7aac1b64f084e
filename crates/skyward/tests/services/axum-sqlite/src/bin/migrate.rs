//! Brings the database up to date.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    notes::migrate(&mut notes::open()?)
}
