"""설비 진동 신호의 고장 진단 (1D-CNN, 클래스 가중치 사용)."""
import copy
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

설정 = {
    "seed": 21,
    "data": {"length": 128, "n_train": 900, "n_val": 300, "n_test": 300, "prior": [0.7, 0.2, 0.1]},
    "train": {"epochs": 8, "batch_size": 32, "lr": 2e-3, "patience": 4},
}
이름 = ["정상", "베어링", "불균형"]


def 신호_생성(n, cfg, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(cfg["length"]) / cfg["length"]
    labels = rng.choice(3, size=n, p=cfg["prior"])
    x = np.empty((n, cfg["length"]), dtype=np.float32)
    for i, c in enumerate(labels):
        phase = rng.uniform(0, 2 * np.pi)
        s = np.sin(2 * np.pi * 5 * t + phase)
        if c == 1:    # 짧은 충격이 반복됨
            start = rng.integers(0, 16)
            s[start::16] += rng.uniform(1.5, 2.5)
        elif c == 2:  # 회전 주파수의 2배 성분
            s += rng.uniform(0.6, 1.0) * np.sin(2 * np.pi * 10 * t + rng.uniform(0, 2 * np.pi))
        x[i] = s + rng.normal(0, 0.4, t.shape)
    return x, labels


class 진동데이터(Dataset):
    def __init__(self, x, y, mean, std):
        self.x = torch.from_numpy((x - mean) / std).float().unsqueeze(1)   # (N, 1, L)
        self.y = torch.from_numpy(y).long()

    def __len__(self):
        return self.y.numel()

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def 모델_생성():
    return nn.Sequential(OrderedDict([
        ("conv1", nn.Conv1d(1, 16, 7, padding=3)), ("bn1", nn.BatchNorm1d(16)), ("relu1", nn.ReLU()),
        ("pool1", nn.MaxPool1d(2)),
        ("conv2", nn.Conv1d(16, 32, 5, padding=2)), ("bn2", nn.BatchNorm1d(32)), ("relu2", nn.ReLU()),
        ("gap", nn.AdaptiveAvgPool1d(1)), ("flat", nn.Flatten()), ("fc", nn.Linear(32, 3)),
    ]))


@torch.no_grad()
def 혼동행렬(model, loader):
    model.eval()
    m = torch.zeros(3, 3, dtype=torch.long)
    for x, y in loader:
        p = model(x).argmax(1)
        m += torch.bincount(y * 3 + p, minlength=9).reshape(3, 3)
    return m


def 균형정확도(m):
    return (m.diag().double() / m.sum(1).clamp(min=1)).mean().item()


def main():
    torch.manual_seed(설정["seed"])
    d, h = 설정["data"], 설정["train"]
    x_tr, y_tr = 신호_생성(d["n_train"], d, 설정["seed"])
    x_va, y_va = 신호_생성(d["n_val"], d, 설정["seed"] + 1)
    x_te, y_te = 신호_생성(d["n_test"], d, 설정["seed"] + 2)
    mean, std = x_tr.mean(), x_tr.std()          # 학습 데이터 통계만 사용

    train_loader = DataLoader(진동데이터(x_tr, y_tr, mean, std), h["batch_size"], shuffle=True)
    val_loader = DataLoader(진동데이터(x_va, y_va, mean, std), 128)
    test_loader = DataLoader(진동데이터(x_te, y_te, mean, std), 128)

    counts = torch.bincount(torch.from_numpy(y_tr), minlength=3).float()
    weights = counts.sum() / (3 * counts)
    criterion = nn.CrossEntropyLoss(weight=weights)
    model = 모델_생성()
    optimizer = torch.optim.Adam(model.parameters(), lr=h["lr"])

    best, best_state, wait = -1.0, None, 0
    for epoch in range(h["epochs"]):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        score = 균형정확도(혼동행렬(model, val_loader))
        print(f"에폭 {epoch + 1}: 검증 균형정확도 {score:.3f}")
        if score > best:
            best, best_state, wait = score, copy.deepcopy(model.state_dict()), 0
        else:
            wait += 1
            if wait >= h["patience"]:
                print("조기 종료")
                break

    model.load_state_dict(best_state)
    m = 혼동행렬(model, test_loader)
    print("행: 실제, 열: 예측")
    for name, row in zip(이름, m.tolist()):
        print(f"{name:>5} {row}")
    print(f"테스트 정확도 {m.diag().sum().item() / m.sum().item():.3f}, 균형정확도 {균형정확도(m):.3f}")


if __name__ == "__main__":
    main()
