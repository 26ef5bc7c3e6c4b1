# %% 설정
import numpy as np
import torch
import torch.nn as nn

SEQ = 16
torch.manual_seed(0)
rng = np.random.default_rng(0)

# %% 데이터: 잡음이 있는 AR(2) 과정
n = 900
s = np.zeros(n, dtype=np.float32)
for t in range(2, n):
    s[t] = 1.5 * s[t - 1] - 0.8 * s[t - 2] + 0.5 * rng.standard_normal()
train_raw, test_raw = s[:700], s[700:]
mu, sd = train_raw.mean(), train_raw.std()


# %% 창(window) 만들기
def make_windows(series, seq):
    xs, ys = [], []
    for i in range(len(series) - seq):
        xs.append(series[i:i + seq])
        ys.append(series[i + seq - 1])
    return torch.tensor(np.array(xs)).unsqueeze(-1), torch.tensor(np.array(ys))


x_train, y_train = make_windows((train_raw - mu) / sd, SEQ)
x_test, y_test = make_windows((test_raw - mu) / sd, SEQ)


# %% 모델
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 20, batch_first=True)
        self.fc = nn.Linear(20, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1]).squeeze(-1)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.01)
mse = nn.MSELoss()

# %% 학습
for epoch in range(8):
    net.train()
    for idx in torch.randperm(len(x_train)).split(50):
        opt.zero_grad()
        mse(net(x_train[idx]), y_train[idx]).backward()
        opt.step()

# %% 평가
net.eval()
with torch.no_grad():
    err = mse(net(x_test), y_test).item()
print("test MSE (normalised):", round(err, 4))
