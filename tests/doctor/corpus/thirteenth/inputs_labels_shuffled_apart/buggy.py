import numpy as np
import torch
import torch.nn as nn

# ------------------------------------------------------------
# 손글씨 대신 작은 5x5 글자 이미지 분류하기 (MLP)
# ------------------------------------------------------------
np.random.seed(0)
torch.manual_seed(0)

GLYPHS = {
    "L": ["1....", "1....", "1....", "1....", "11111"],
    "T": ["11111", "..1..", "..1..", "..1..", "..1.."],
    "X": ["1...1", ".1.1.", "..1..", ".1.1.", "1...1"],
    "O": [".111.", "1...1", "1...1", "1...1", ".111."],
}


def make_images(n_each):
    xs, ys = [], []
    for label, rows in enumerate(GLYPHS.values()):
        base = np.array([[c == "1" for c in row] for row in rows], dtype=np.float32)
        xs.append(base[None] + 0.6 * np.random.randn(n_each, 5, 5).astype(np.float32))
        ys.append(np.full(n_each, label))
    return np.concatenate(xs), np.concatenate(ys)


x_train, y_train = make_images(250)
x_test, y_test = make_images(60)

# 학습 데이터 섞기
np.random.shuffle(x_train)
np.random.shuffle(y_train)

x_train, y_train = torch.from_numpy(x_train), torch.from_numpy(y_train).long()
x_test, y_test = torch.from_numpy(x_test), torch.from_numpy(y_test).long()

model = nn.Sequential(nn.Flatten(), nn.Linear(25, 32), nn.ReLU(), nn.Linear(32, 4))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
batch_size = 50

for epoch in range(6):
    model.train()
    total_loss = 0
    for i in range(0, len(x_train), batch_size):
        xb, yb = x_train[i:i + batch_size], y_train[i:i + batch_size]
        pred = model(xb)
        loss = loss_fn(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(xb)

    # 테스트
    model.eval()
    with torch.no_grad():
        accuracy = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
    print(f"에폭 {epoch + 1}: 손실 {total_loss / len(x_train):.4f}, 테스트 정확도 {accuracy:.3f}")
