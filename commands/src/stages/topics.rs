//! Defining, changing and removing a topic. The posts that are there already are sorted anew by the read model.

use stage_domain::{
    StageId, TopicId,
    stage::{Stage, StageCommand},
    topics::{Rules, Topic},
};
use uuid::Uuid;

use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

impl Commands {
    /// `Done::id` is the topic's.
    pub async fn define_topic(
        &self,
        actor: Actor,
        stage: StageId,
        name: &str,
        rules: Rules,
        request: Request,
    ) -> Result<Done, CommandError> {
        let topic = Topic::new(TopicId(request.new_id), name, rules)?;
        let (id, at) = (topic.id.0, request.at);
        let command = StageCommand::DefineTopic { topic, at };
        self.to_topics(actor, stage, id, UseCase::DefineTopic, command, request).await
    }

    /// Replaces the topic's name and rules.
    pub async fn change_topic(
        &self,
        actor: Actor,
        stage: StageId,
        topic: TopicId,
        name: &str,
        rules: Rules,
        request: Request,
    ) -> Result<Done, CommandError> {
        let topic = Topic::new(topic, name, rules)?;
        let (id, at) = (topic.id.0, request.at);
        let command = StageCommand::ChangeTopic { topic, at };
        self.to_topics(actor, stage, id, UseCase::ChangeTopic, command, request).await
    }

    pub async fn remove_topic(
        &self,
        actor: Actor,
        stage: StageId,
        topic: TopicId,
        request: Request,
    ) -> Result<Done, CommandError> {
        let command = StageCommand::RemoveTopic { topic_id: topic, at: request.at };
        self.to_topics(actor, stage, topic.0, UseCase::RemoveTopic, command, request).await
    }

    async fn to_topics(
        &self,
        actor: Actor,
        stage: StageId,
        topic: Uuid,
        use_case: UseCase,
        command: StageCommand,
        request: Request,
    ) -> Result<Done, CommandError> {
        self.once(Some(actor.account), &request, topic, |mut act| async move {
            self.stage_for(actor, stage, use_case, &mut act).await?;
            Ok::<_, CommandError>(self.log.execute::<Stage>(stage.0, command, act).await?)
        })
        .await
    }
}
