from dataclasses import dataclass, field
import torch
from torch import nn, Tensor


@dataclass
class ModelConfig:
    vocab: int = 60
    dim: int = 32
    hidden: int = 64
    tie_embeddings: bool = True


@dataclass
class RunConfig:
    steps: int = 120
    lr: float = 4e-3
    batch: int = 32
    model: ModelConfig = field(default_factory=ModelConfig)


class WordModel(nn.Module):
    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.embed = nn.Embedding(cfg.vocab, cfg.dim)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.rnn = nn.LSTM(cfg.dim, cfg.hidden, batch_first=True)
        self.down = nn.Linear(cfg.hidden, cfg.dim)
        self.decoder = nn.Linear(cfg.dim, cfg.vocab)
        if cfg.tie_embeddings:
            self.decoder.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        hidden, _ = self.rnn(self.embed(ids))
        return self.decoder(self.down(hidden))


class MarkovText:
    def __init__(self, vocab: int, seed: int) -> None:
        self.gen = torch.Generator().manual_seed(seed)
        self.table = torch.softmax(2.5 * torch.randn(vocab, vocab, generator=self.gen), dim=1)

    def draw(self, batch: int, length: int) -> Tensor:
        ids = [torch.randint(len(self.table), (batch,), generator=self.gen)]
        for _ in range(length):
            ids.append(torch.multinomial(self.table[ids[-1]], 1, generator=self.gen).squeeze(1))
        return torch.stack(ids, dim=1)


def main(cfg: RunConfig) -> None:
    torch.manual_seed(0)
    source = MarkovText(cfg.model.vocab, seed=1)
    model = WordModel(cfg.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    criterion = nn.CrossEntropyLoss()
    for step in range(1, cfg.steps + 1):
        ids = source.draw(cfg.batch, 20)
        logits = model(ids[:, :-1])
        loss = criterion(logits.reshape(-1, cfg.model.vocab), ids[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            print(f"step {step}: loss {loss.item():.3f}")
    print("parameters", sum(p.numel() for p in model.parameters()))
    print("largest gap between the matrices", (model.decoder.weight - model.embed.weight).abs().max().item())


main(RunConfig())
