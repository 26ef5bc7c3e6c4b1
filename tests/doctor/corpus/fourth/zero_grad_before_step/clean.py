import logging
import random
from typing import Dict, List

import torch
from torch import nn

log = logging.getLogger("tagger")
VOCAB = {w: i for i, w in enumerate("<pad> the a dog cat bird sees hears likes big small red".split())}
POS = {"<pad>": -100, "the": 0, "a": 0, "dog": 1, "cat": 1, "bird": 1, "sees": 2, "hears": 2, "likes": 2,
       "big": 3, "small": 3, "red": 3}


def sentence(rng: random.Random) -> List[str]:
    def noun_phrase() -> List[str]:
        adjectives = [rng.choice(["big", "small", "red"]) for _ in range(rng.randint(0, 2))]
        return [rng.choice(["the", "a"])] + adjectives + [rng.choice(["dog", "cat", "bird"])]

    return noun_phrase() + [rng.choice(["sees", "hears", "likes"])] + noun_phrase()


def collate(sentences: List[List[str]]) -> Dict[str, torch.Tensor]:
    width = max(map(len, sentences))
    padded = [s + ["<pad>"] * (width - len(s)) for s in sentences]
    return {
        "tokens": torch.tensor([[VOCAB[w] for w in s] for s in padded]),
        "tags": torch.tensor([[POS[w] for w in s] for s in padded]),
    }


class Tagger(nn.Module):
    def __init__(self, vocab: int, tags: int, dim: int = 16) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.proj = nn.Linear(dim, tags)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        out, _ = self.lstm(self.embed(tokens))
        return self.proj(out)


class Session:
    def __init__(self, model: nn.Module, lr: float) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss(ignore_index=-100)

    def loss(self, batch: Dict[str, torch.Tensor]) -> torch.Tensor:
        logits = self.model(batch["tokens"])
        return self.criterion(logits.transpose(1, 2), batch["tags"])

    def apply(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def fit(self, data: List[List[str]], epochs: int, size: int, rng: random.Random) -> None:
        self.model.train()
        for epoch in range(epochs):
            rng.shuffle(data)
            for k in range(0, len(data), size):
                self.apply(self.loss(collate(data[k:k + size])))
            log.info("epoch %d done", epoch)

    @torch.no_grad()
    def token_accuracy(self, data: List[List[str]]) -> float:
        self.model.eval()
        batch = collate(data)
        mask = batch["tags"] != -100
        guess = self.model(batch["tokens"]).argmax(-1)
        return (guess[mask] == batch["tags"][mask]).float().mean().item()


def main() -> None:
    torch.manual_seed(0)
    rng = random.Random(0)
    train = [sentence(rng) for _ in range(200)]
    held_out = [sentence(rng) for _ in range(50)]
    session = Session(Tagger(len(VOCAB), 4), lr=5e-3)
    session.fit(train, epochs=5, size=20, rng=rng)
    print("token accuracy", round(session.token_accuracy(held_out), 3))


if __name__ == "__main__":
    main()
