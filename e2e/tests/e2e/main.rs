//! Whole-system tests: what is done in Active Directory is what JumpCloud shows.

#![cfg(test)]

mod attributes;
