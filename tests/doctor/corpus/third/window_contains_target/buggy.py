import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable

np.random.seed(0)
torch.manual_seed(0)

# monthly passengers, made up
months = np.arange(400)
series = 100 + 0.05 * months + 18 * np.sin(2 * np.pi * months / 12) + np.random.normal(0, 6, 400)

train_raw, test_raw = series[:300], series[300:]
lo, hi = train_raw.min(), train_raw.max()
train_n = 2 * (train_raw - lo) / (hi - lo) - 1
test_n = 2 * (test_raw - lo) / (hi - lo) - 1


def create_inout_sequences(data, tw):
    xs, ys = [], []
    L = len(data)
    for i in range(L - tw):
        xs.append(data[i:i + tw])
        ys.append(data[i + tw - 1])
    return torch.FloatTensor(np.array(xs)).unsqueeze(2), torch.FloatTensor(np.array(ys))


class LSTM(nn.Module):
    def __init__(self, hidden_size=24):
        super(LSTM, self).__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, seq):
        out, (h, c) = self.lstm(seq)
        return self.linear(out[:, -1, :]).view(-1)


TW = 12
x_train, y_train = create_inout_sequences(train_n, TW)
x_test, y_test = create_inout_sequences(test_n, TW)

model = LSTM()
loss_function = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

for epoch in range(100):
    model.train()
    optimizer.zero_grad()
    y_pred = model(Variable(x_train))
    loss = loss_function(y_pred, Variable(y_train))
    loss.backward()
    optimizer.step()
    if epoch % 20 == 19:
        print('epoch: %3d loss: %.5f' % (epoch, loss.item()))

model.eval()
with torch.no_grad():
    pred = (model(x_test).numpy() + 1) / 2 * (hi - lo) + lo
true = (y_test.numpy() + 1) / 2 * (hi - lo) + lo
print('forecast MAE %.2f passengers' % np.abs(pred - true).mean())
