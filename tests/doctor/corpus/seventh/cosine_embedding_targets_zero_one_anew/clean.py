from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

MIX = torch.linalg.qr(torch.randn(24, 24, generator=torch.Generator().manual_seed(77)))[0]


def recordings(n_speakers: int, per_speaker: int, gen: torch.Generator) -> torch.Tensor:
    """(speaker, recording, 24): six dimensions belong to the voice, the rest to the room."""
    voice = torch.randn(n_speakers, 1, 6, generator=gen) + 0.35 * torch.randn(n_speakers, per_speaker, 6, generator=gen)
    room = 1.2 * torch.randn(n_speakers, per_speaker, 18, generator=gen)
    return torch.cat([voice, room], dim=-1) @ MIX


class SpeakerPairs(Dataset):
    """A fixed list of pairs, half of them of the same speaker."""

    def __init__(self, data: torch.Tensor, n_pairs: int, gen: torch.Generator) -> None:
        self.data = data
        speakers, takes, _ = data.shape
        self.pairs = []
        for k in range(n_pairs):
            s, shift = torch.randint(speakers, (1,), generator=gen).item(), torch.randint(1, speakers, (1,), generator=gen).item()
            i, j = torch.randperm(takes, generator=gen)[:2].tolist()
            other = s if k % 2 == 0 else (s + shift) % speakers
            self.pairs.append(((s, i), (other, j)))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, k: int):
        (s1, i), (s2, j) = self.pairs[k]
        same = s1 == s2
        return self.data[s1, i], self.data[s2, j], torch.tensor(1.0 if same else -1.0)


@torch.no_grad()
def similarities(net: nn.Module, loader: DataLoader) -> tuple[torch.Tensor, torch.Tensor]:
    net.eval()
    sims, same = [], []
    for a, b, target in loader:
        sims.append(F.cosine_similarity(net(a), net(b)))
        same.append(target > 0)
    return torch.cat(sims), torch.cat(same)


def best_threshold(sims: torch.Tensor, same: torch.Tensor) -> float:
    grid = torch.linspace(-1, 1, 401)
    accuracy = ((sims[None] > grid[:, None]) == same[None]).float().mean(dim=1)
    return grid[accuracy.argmax()].item()


def main() -> None:
    torch.manual_seed(9)
    gen = torch.Generator().manual_seed(90)
    # the speakers of the three sets are different people
    train_set = SpeakerPairs(recordings(120, 8, gen), 3000, gen)
    valid_set = SpeakerPairs(recordings(40, 8, gen), 600, gen)
    test_set = SpeakerPairs(recordings(40, 8, gen), 600, gen)
    train_loader = DataLoader(train_set, batch_size=60, shuffle=True)

    net = nn.Sequential(nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 8))
    criterion = nn.CosineEmbeddingLoss(margin=0.1)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(8):
        net.train()
        total = 0.0
        for a, b, target in train_loader:
            optimizer.zero_grad()
            loss = criterion(net(a), net(b), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(a)
        if epoch % 4 == 3:
            print(f"epoch {epoch:2d} train loss {total / len(train_set):.4f}")

    threshold = best_threshold(*similarities(net, DataLoader(valid_set, batch_size=200)))
    sims, same = similarities(net, DataLoader(test_set, batch_size=200))
    print(f"threshold {threshold:.2f}  test verification accuracy {((sims > threshold) == same).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
