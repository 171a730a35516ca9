//! Stacks whose domain controller hands its password changes to the agent.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;

use crate::stack::Options;
use crate::wait::until;
use crate::{Dc, Stack};

impl Stack {
    /// A domain controller of its own with the agent's hook, and these people in JumpCloud.
    pub async fn capturing(options: Options) -> Result<Self> {
        let realm = format!("PW{}.EXAMPLE", crate::place::number());
        let dc = Some(Arc::new(Dc::start(&["--realm", &realm, "--lean"]).await?));
        let stack = Self::with(Options { dc, ..options }).await?;
        stack.dc.hook(&stack.agents[0].hook()).await?;
        stack.captures("healthy").await?;
        Ok(stack)
    }

    /// Waits until the capture on the domain controller is in this state.
    pub async fn captures(&self, state: &str) -> Result<()> {
        let told = until(&format!("the capture is {state}"), async || {
            let found = self.api.get(&self.path("/domain-controllers")).await?;
            Ok((found["items"][0]["capture"]["state"] == state).then_some(()))
        })
        .await;
        match told {
            Ok(()) => Ok(()),
            Err(error) => {
                let found = self.api.get(&self.path("/domain-controllers")).await?;
                Err(error.context(found.to_string()))
            }
        }
    }

    /// As an administrator.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<()> {
        let command = json!({"op": "set_password", "object": self.account(name), "password": password});
        self.ad(command).await.map(drop)
    }

    /// As the person.
    pub async fn change_password(&self, name: &str, old: &str, new: &str) -> Result<()> {
        let command = json!({"op": "change_password", "object": self.account(name), "old": old, "new": new});
        self.ad(command).await.map(drop)
    }

    /// Waits until the person can sign in to JumpCloud with this password.
    pub async fn signs_in(&self, name: &str, password: &str) -> Result<()> {
        let account = self.account(name);
        let told =
            self.comes(&format!("{name} signs in"), |jumpcloud| jumpcloud.login(&account, password)).await;
        match told {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.how_it_stands().await).context(self.told(name).await)),
        }
    }

    /// Waits until the user's password is in this state.
    pub async fn covered(&self, name: &str, state: &str) -> Result<()> {
        until(&format!("the password of {name} is {state}"), async || {
            Ok((self.user(name).await?["password"]["state"] == state).then_some(()))
        })
        .await
    }
}
