//! Where requests may go.

use server::jumpcloud::{validate_base_url, validate_token_url};

#[test]
fn the_regions_are_taken_and_written_one_way() {
    for text in [
        "https://console.jumpcloud.com",
        " https://console.jumpcloud.com/ ",
        "https://Console.JumpCloud.com:443",
        "https://console.jumpcloud.com/api",
        "https://console.jumpcloud.com/api/v2/",
    ] {
        assert_eq!(
            validate_base_url(text, false).unwrap().as_str(),
            "https://console.jumpcloud.com",
            "{text}"
        );
    }
    for region in ["https://console.eu.jumpcloud.com", "https://console.in.jumpcloud.com"] {
        assert_eq!(validate_base_url(region, false).unwrap().to_string(), region);
    }
}

#[test]
fn other_hosts_need_the_operators_permission() {
    for text in [
        "http://console.jumpcloud.com",
        "https://console.jumpcloud.com:8443",
        "https://console.jumpcloud.com.evil.example",
        "https://evil.example",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://169.254.169.254",
    ] {
        assert!(validate_base_url(text, false).is_err(), "{text}");
    }
    assert_eq!(validate_base_url("http://127.0.0.1:8080/", true).unwrap().as_str(), "http://127.0.0.1:8080");
    assert_eq!(validate_base_url("http://[::1]:8080", true).unwrap().as_str(), "http://[::1]:8080");
}

#[test]
fn an_address_is_a_host_and_nothing_else() {
    for text in [
        "",
        "console.jumpcloud.com",
        "ftp://console.jumpcloud.com",
        "file:///etc/passwd",
        "https://ada:secret@console.jumpcloud.com",
        "https://console.jumpcloud.com/login",
        "https://console.jumpcloud.com/?a=b",
        "https://console.jumpcloud.com/#top",
    ] {
        let error = validate_base_url(text, true).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn tokens_come_from_jumpcloud() {
    assert!(validate_token_url("https://admin-oauth.id.jumpcloud.com/oauth2/token", false).is_ok());
    for text in [
        "http://admin-oauth.id.jumpcloud.com/oauth2/token",
        "https://admin-oauth.id.jumpcloud.com.evil.example/",
        "https://eviljumpcloud.com/",
        "https://a:b@admin-oauth.id.jumpcloud.com/",
    ] {
        assert!(validate_token_url(text, false).is_err(), "{text}");
    }
    assert!(validate_token_url("http://127.0.0.1:9/oauth2/token", true).is_ok());
}
