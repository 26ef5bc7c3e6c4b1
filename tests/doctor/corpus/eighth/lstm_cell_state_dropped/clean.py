# 한 시점씩 LSTMCell 을 돌려서 누적합의 부호를 맞추는 예제
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

rng = np.random.default_rng(7)
torch.manual_seed(7)

T, H = 12, 24


def make(n):
    x = rng.normal(size=(n, T, 2)).astype("float32")
    # 두 번째 채널이 양수인 시점만 더한다
    s = (x[:, :, 0] * (x[:, :, 1] > 0)).sum(1)
    return torch.from_numpy(x), torch.from_numpy((s > 0).astype("float32"))


class StepReader(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.n_hidden = n_hidden
        self.cell = nn.LSTMCell(n_in, n_hidden)
        self.head = nn.Linear(n_hidden, 1)

    def start(self, x):
        h = x.new_zeros(x.size(0), self.n_hidden)
        return h, torch.zeros_like(h)

    def forward(self, x):
        h, c = self.start(x)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return self.head(h).squeeze(1)


x_train, y_train = make(1500)
x_valid, y_valid = make(500)

net = StepReader(2, H)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)

for epoch in range(6):
    net.train()
    order = torch.randperm(len(x_train))
    for idx in order.split(50):
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(x_train[idx]), y_train[idx])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = ((net(x_valid) > 0) == (y_valid > 0.5)).float().mean()
    print(f"{epoch + 1}번째 에폭: 검증 정확도 {acc:.3f}")
