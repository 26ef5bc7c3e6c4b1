import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class NoisyECG(Dataset):
    """심전도 신호: 학습할 때마다 새로운 잡음과 위상 이동을 더한다."""

    def __init__(self, clean, label, seed):
        self.clean = clean
        self.label = label
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        beat = np.roll(self.clean[i], self.rng.integers(0, 40))
        beat = beat + self.rng.normal(0, 0.4, beat.shape)
        return torch.from_numpy(beat).float(), self.label[i]


def beats(n, rng):
    label = rng.integers(0, 2, n)
    t = np.linspace(0, 1, 40, endpoint=False)
    width = np.where(label == 1, 60.0, 160.0)[:, None]
    return np.exp(-width * (t - 0.5) ** 2) + 0.1 * rng.normal(size=(n, 40)), label


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    # 학습용은 작업자 두 개로 읽는다
    train = DataLoader(NoisyECG(*beats(320, rng), seed=1), batch_size=20, shuffle=True,
                       num_workers=2)
    test_signal, test_label = beats(200, rng)
    test_signal = torch.from_numpy(test_signal).float()
    test_label = torch.from_numpy(test_label)

    net = nn.Sequential(nn.Unflatten(1, (1, 40)), nn.Conv1d(1, 8, 9, padding=4, padding_mode="circular"), nn.ReLU(),
                        nn.Conv1d(8, 16, 9, padding=4, padding_mode="circular"), nn.ReLU(),
                        nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 2))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(4):
        net.train()
        for x, y in train:
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            acc = (net(test_signal).argmax(1) == test_label).float().mean().item()
        print("에폭", epoch, "정확도", round(acc, 3))


if __name__ == "__main__":
    main()
