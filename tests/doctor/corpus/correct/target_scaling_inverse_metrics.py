"""회귀: 입력과 목표를 모두 표준화하고, 지표는 원래 단위로 계산한다."""
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_diabetes


@dataclass
class Scaler:
    mean: Tensor
    std: Tensor

    @classmethod
    def fit(cls, a: Tensor) -> "Scaler":
        return cls(a.mean(0, keepdim=True), a.std(0, keepdim=True).clamp_min(1e-8))

    def __call__(self, a: Tensor) -> Tensor:
        return (a - self.mean) / self.std

    def inverse(self, a: Tensor) -> Tensor:
        return a * self.std + self.mean


def evaluate(net: nn.Module, loader: DataLoader, sy: Scaler) -> tuple[float, float]:
    net.eval()
    preds, trues = [], []
    with torch.no_grad():
        for x, y in loader:
            preds.append(sy.inverse(net(x)))
            trues.append(sy.inverse(y))
    p, t = torch.cat(preds), torch.cat(trues)
    rmse = (p - t).square().mean().sqrt().item()      # 전체 오차의 평균에 루트를 한 번만 씌운다
    r2 = 1 - ((p - t).square().sum() / (t - t.mean()).square().sum()).item()
    return rmse, r2


def main() -> None:
    torch.manual_seed(0)
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32).view(-1, 1)
    perm = torch.randperm(len(X))
    tr, va, te = perm[:280], perm[280:360], perm[360:]
    sx, sy = Scaler.fit(X[tr]), Scaler.fit(y[tr])     # 학습 데이터로만 통계를 구한다
    make = lambda i, shuffle: DataLoader(TensorDataset(sx(X[i]), sy(y[i])), batch_size=40, shuffle=shuffle)
    train, val, test = make(tr, True), make(va, False), make(te, False)

    net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-3)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=3)
    best, state = float("inf"), None
    for epoch in range(25):
        net.train()
        for x, t in train:
            loss = nn.functional.huber_loss(net(x), t)
            opt.zero_grad()
            loss.backward()
            opt.step()
        rmse, r2 = evaluate(net, val, sy)
        sched.step(rmse)
        if rmse < best:
            best, state = rmse, {k: v.detach().clone() for k, v in net.state_dict().items()}
    net.load_state_dict(state)
    print(f"검증 RMSE {best:.1f}")
    print("시험 RMSE {:.1f}, R2 {:.3f}".format(*evaluate(net, test, sy)))


if __name__ == "__main__":
    main()
